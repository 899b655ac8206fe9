/**
 * The scrolling picture: draws the rows in sight, moves the focus by keyboard, answers clicks by
 * delegation. Positions, order and words all come from the layout.
 */
import { type KeyboardEvent, type MouseEvent, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { foldsToShow } from "../../../electron/core/layout/reveal.ts";
import type { PictureLayout, Place } from "../../../electron/core/layout/types.ts";
import type { Datapath, Key } from "../../../electron/core/model/types.ts";
import { findingKey } from "../../stores/datapath-index.ts";
import { select, useReveal } from "../../stores/selection.ts";
import { Card, hover } from "./card.tsx";
import { keyOf, MOVES, moveFrom } from "./navigate.ts";
import { Row } from "./row.tsx";
import { setFolds, toggleFold, toggleMaps, usePicture, zoomBy } from "./store.ts";
import { Strip } from "./strip.tsx";
import { useBand } from "./use-band.ts";
import { usePan } from "./use-pan.ts";
import { useZoomKeys } from "./use-zoom.ts";

export interface CanvasProps {
  datapath: Datapath;
  layout: PictureLayout;
  selected: Key | null;
  related: ReadonlySet<Key>;
}

export function Canvas({ datapath, layout, selected, related }: CanvasProps) {
  const { zoom } = usePicture();
  const scroller = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState<Key>("");
  // A key to focus (true) or only to show once the layout that holds it is drawn.
  const wanted = useRef<{ key: Key; focus: boolean } | null>(null);
  const place: Place = layout.index.get(current) ?? { row: 0, box: null };
  const currentKey = keyOf(layout, place);
  const band = useBand(scroller, layout, zoom);
  usePan(scroller);
  useZoomKeys(scroller, zoom);

  const show = useCallback(
    (key: Key, focus: boolean) => {
      const target = layout.index.get(key);
      const element = scroller.current;
      if (!target || !element) return false;
      scrollTo(element, layout, target, zoom);
      setCurrent(keyOf(layout, target) ?? key);
      wanted.current = focus ? { key: keyOf(layout, target) ?? key, focus } : null;
      return true;
    },
    [layout, zoom],
  );

  // Runs after every drawing: the element to focus may only now exist.
  useLayoutEffect(() => {
    const wish = wanted.current;
    if (!wish) return;
    if (!wish.focus) {
      if (show(wish.key, false)) wanted.current = null;
      return;
    }
    const element = scroller.current?.querySelector<HTMLElement>(`[data-place="${CSS.escape(wish.key)}"]`);
    if (!element) return;
    wanted.current = null;
    element.focus({ preventScroll: true });
  });

  const asked = useReveal();
  const answered = useRef(0);
  useEffect(() => {
    if (!asked || asked.nonce === answered.current) return;
    answered.current = asked.nonce;
    const finding = datapath.findings.find((candidate) => findingKey(candidate) === asked.key);
    const key = finding?.subject ?? asked.key;
    if (show(key, false)) return;
    const closed = layout.rows.flatMap((row) =>
      row.fold?.key.startsWith("closed:") && !row.fold.open ? [row.fold.key] : [],
    );
    wanted.current = { key, focus: false };
    setFolds(foldsToShow(datapath, key), closed);
  }, [asked, datapath, layout, show]);

  const onClick = (event: MouseEvent) => {
    const target = event.target as HTMLElement;
    const button = target.closest<HTMLElement>("button");
    if (!button) return;
    const { fold, finding, place: key } = button.dataset;
    if (fold !== undefined) toggleFold(fold);
    else if (finding !== undefined) {
      const about = datapath.findings[Number(finding)];
      if (about) select(findingKey(about));
    } else if (key !== undefined) {
      setCurrent(key);
      activate(layout, key);
    }
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    const onPlace = target.dataset.place !== undefined;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const move =
      event.ctrlKey && event.key === "Home"
        ? "first"
        : event.ctrlKey && event.key === "End"
          ? "last"
          : MOVES[event.key];
    if (move && (plain || move === "first" || move === "last")) {
      event.preventDefault();
      const from = layout.index.get(target.closest<HTMLElement>("[data-place]")?.dataset.place ?? current) ?? place;
      const key = keyOf(layout, moveFrom(layout, from, move));
      if (key !== null) show(key, true);
      return;
    }
    if (!plain || !onPlace) return;
    const box = place.box === null ? undefined : layout.rows[place.row]?.boxes[place.box];
    const row = layout.rows[place.row];
    if (event.key === " ") {
      event.preventDefault();
      const fold = box ? (box.tails ?? box.maps) : row?.fold;
      if (fold) toggleFold(fold.key);
    } else if (event.key === "m") {
      if (box?.maps) toggleFold(box.maps.key);
    } else if (event.key === "M") toggleMaps();
    else if (event.key === "f") {
      const badge = box?.badge ?? row?.badge;
      const finding = badge ? datapath.findings[badge.finding] : undefined;
      if (finding) select(findingKey(finding));
    } else if (event.key === "n" || event.key === "p") {
      const next = nextMark(layout, place, event.key === "n" ? 1 : -1);
      if (next !== null) show(next, true);
    } else if (event.key === "+") zoomBy(1);
    else if (event.key === "-") zoomBy(-1);
  };

  const shown: number[] = [];
  for (let index = band.from; index < band.to; index++) shown.push(index);
  // The focused row stays in the page when it is scrolled away, or the focus would be lost.
  if (place.row < band.from) shown.unshift(place.row);
  if (place.row >= band.to && place.row < layout.rows.length) shown.push(place.row);

  return (
    <div className="picture-body">
      <div
        ref={scroller}
        className="picture-scroll"
        role="treegrid"
        aria-label="Programs on every hook, in the order the kernel runs them"
        aria-rowcount={layout.rows.length}
        tabIndex={-1}
        onClick={onClick}
        onKeyDown={onKeyDown}
        onMouseOver={(event) => hover(event.target, layout)}
        onMouseLeave={() => hover(null, layout)}
        onFocus={(event) => {
          const key = event.target.dataset.place;
          if (key !== undefined && key !== currentKey) setCurrent(key);
          hover(event.target.matches(":focus-visible") ? event.target : null, layout);
        }}
        onBlur={() => hover(null, layout)}
      >
        <div
          role="presentation"
          className="picture-canvas"
          style={{ width: layout.width, height: layout.height, zoom, "--head": `${layout.head_width}px` } as object}
        >
          {shown.map((index) => {
            const row = layout.rows[index];
            return row ? (
              <Row
                key={row.key}
                row={row}
                index={index}
                width={layout.width}
                current={index === place.row ? currentKey : null}
                selected={selected}
                related={related}
              />
            ) : null;
          })}
          <Card layout={layout} />
        </div>
      </div>
      <Strip layout={layout} onGo={(row) => show(layout.rows[row]?.key ?? "", true)} />
    </div>
  );
}

/** Enter or a click: a group folds, everything else is selected. */
function activate(layout: PictureLayout, key: Key): void {
  const place = layout.index.get(key);
  const row = place ? layout.rows[place.row] : undefined;
  if (!place || !row) return;
  const box = place.box === null ? undefined : row.boxes[place.box];
  if (box) {
    if (box.subject !== null) select(box.subject);
    else if (box.tails) toggleFold(box.tails.key);
  } else if (row.fold) toggleFold(row.fold.key);
  else if (row.subject !== null) select(row.subject);
}

/** The place of the finding after (or before) a place, in the order of the picture. */
function nextMark(layout: PictureLayout, from: Place, direction: 1 | -1): Key | null {
  const here = layout.rows[from.row];
  const box = from.box === null ? undefined : here?.boxes[from.box];
  const y = (here?.y ?? 0) + (box?.y ?? 0);
  const marks = direction > 0 ? layout.marks : layout.marks.toReversed();
  const mark = marks.find((candidate) => (direction > 0 ? candidate.y > y + 8 : candidate.y < y - 8)) ?? marks[0];
  if (!mark) return null;
  const row = layout.rows[mark.row];
  const marked = row?.boxes.find((candidate) => candidate.badge === mark.badge);
  return marked?.key ?? row?.key ?? null;
}

/** Scrolls as little as is needed to see a place whole, clear of the fixed column. */
function scrollTo(element: HTMLElement, layout: PictureLayout, place: Place, zoom: number): void {
  const row = layout.rows[place.row];
  if (!row) return;
  const box = place.box === null ? undefined : row.boxes[place.box];
  const top = (row.y + (box && box.y > 200 ? box.y - 60 : 0)) * zoom;
  const bottom = (row.y + (box ? box.y + box.h + 20 : Math.min(row.height, 160))) * zoom;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  if (!box) return;
  const left = (box.x - layout.head_width - 16) * zoom;
  const right = (box.x + box.w + 24) * zoom;
  if (left < element.scrollLeft) element.scrollLeft = left;
  else if (right > element.scrollLeft + element.clientWidth) element.scrollLeft = right - element.clientWidth;
}
