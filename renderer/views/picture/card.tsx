/** The card with a box's whole verdict table, under the pointer or the keyboard's focus. */
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { SIZE } from "../../../electron/core/layout/measure.ts";
import type { PictureLayout } from "../../../electron/core/layout/types.ts";
import type { Key } from "../../../electron/core/model/types.ts";
import { NodeText } from "../../ui/node-text.tsx";

const DELAY_MS = 250;
const WIDTH = 420;

const cardStore = createStore<{ key: Key | null }>(() => ({ key: null }));
let timer: ReturnType<typeof setTimeout> | undefined;

/** Tells which element the pointer or focus is on; null takes the card away. */
export function hover(target: EventTarget | null, layout: PictureLayout): void {
  const cell = target instanceof Element ? target.closest(".picture-box") : null;
  const key = cell?.querySelector<HTMLElement>("[data-place]")?.dataset.place ?? null;
  const place = key === null ? undefined : layout.index.get(key);
  const box = place?.box == null ? undefined : layout.rows[place.row]?.boxes[place.box];
  const wanted = box && box.details.length > 0 ? box.key : null;
  clearTimeout(timer);
  if (wanted === cardStore.getState().key) return;
  if (wanted === null) cardStore.setState({ key: null });
  else timer = setTimeout(() => cardStore.setState({ key: wanted }), DELAY_MS);
}

export function Card({ layout }: { layout: PictureLayout }) {
  const key = useStore(cardStore, (state) => state.key);
  const place = key === null ? undefined : layout.index.get(key);
  const row = place ? layout.rows[place.row] : undefined;
  const box = place?.box == null ? undefined : row?.boxes[place.box];
  if (!row || !box) return null;
  const height = 34 + box.details.length * 17;
  const below = row.y + box.y + box.h + 8;
  const fits = below + height < layout.height;
  const top = fits ? below : Math.max(0, row.y + box.y - height - 8);
  const left = Math.max(SIZE.head + 8, Math.min(box.x, layout.width - WIDTH - 12));
  return (
    <div className="picture-card" role="presentation" aria-hidden style={{ left, top, width: WIDTH }}>
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
