/** The card with a box's whole verdict table, under the pointer or the keyboard's focus. */
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { PictureBox, PictureLayout, PictureRow } from "../../../electron/core/layout/types.ts";
import type { Key } from "../../../electron/core/model/types.ts";
import { NodeText } from "../../ui/node-text.tsx";

const DELAY_MS = 250;
const WIDTH = 420;
const LINE = 16;

interface CardState {
  key: Key | null;
  above: boolean;
  /** Left edge in px at 100 %. */
  left: number;
}

const cardStore = createStore<CardState>(() => ({ key: null, above: false, left: 0 }));
let timer: ReturnType<typeof setTimeout> | undefined;

/** Tells which element the pointer or focus is on; null takes the card away. */
export function hover(target: EventTarget | null, layout: PictureLayout): void {
  const cell = target instanceof Element ? target.closest(".picture-box") : null;
  const key = cell?.querySelector<HTMLElement>("[data-place]")?.dataset.place ?? null;
  const box = key === null ? null : find(layout, key)?.box;
  const wanted = cell && box && box.details.length > 0 ? { key: box.key, ...placeFor(cell, box, layout) } : null;
  clearTimeout(timer);
  if (wanted === null) cardStore.setState({ key: null });
  else if (wanted.key !== cardStore.getState().key) timer = setTimeout(() => cardStore.setState(wanted), DELAY_MS);
}

export function Card({ layout }: { layout: PictureLayout }) {
  const { key, above, left } = useStore(cardStore);
  const found = key === null ? null : find(layout, key);
  if (!found) return null;
  const { row, box } = found;
  const y = row.y + box.y;
  const top = above ? { bottom: layout.height - y + 8 } : { top: y + box.h + 8 };
  return (
    <div className="picture-card" role="presentation" aria-hidden style={{ left, width: WIDTH, ...top }}>
      <div className="card-title">
        <NodeText text={box.title} mono /> <span className="muted">{box.id_text}</span>
      </div>
      {box.details.map((detail) => (
        <div key={detail} className="card-line">
          <NodeText text={detail} />
        </div>
      ))}
    </div>
  );
}

/** Above the box where the window ends too soon below it, and not beyond its right edge. */
function placeFor(cell: Element, box: PictureBox, layout: PictureLayout): { above: boolean; left: number } {
  const scroller = cell.closest(".picture-scroll");
  const view = scroller?.getBoundingClientRect();
  const place = cell.getBoundingClientRect();
  if (!scroller || !view) return { above: false, left: box.x };
  // Half of the lines may be broken in two.
  const height = 40 + box.details.length * LINE * 1.5;
  const above = place.bottom + height > view.bottom && place.top - height > view.top;
  const zoom = place.width / box.w;
  const right = (scroller.scrollLeft + scroller.clientWidth) / zoom;
  return { above, left: Math.max(layout.head_width + 8, Math.min(box.x, right - WIDTH - 12)) };
}

function find(layout: PictureLayout, key: Key): { row: PictureRow; box: PictureBox } | null {
  const place = layout.index.get(key);
  const row = place ? layout.rows[place.row] : undefined;
  const box = place?.box == null ? undefined : row?.boxes[place.box];
  return row && box ? { row, box } : null;
}
