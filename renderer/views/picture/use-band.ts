/** Which rows are in sight, with a margin, as the person scrolls. Changes only when the set of rows does. */
import { type RefObject, useEffect, useState } from "react";
import type { PictureLayout } from "../../../electron/core/layout/types.ts";
import { rowsBetween } from "./navigate.ts";

/** Drawn beyond each edge, so that scrolling shows finished rows. */
const MARGIN_PX = 360;

export function useBand(
  scroller: RefObject<HTMLElement | null>,
  layout: PictureLayout,
  zoom: number,
): { from: number; to: number } {
  const [view, setView] = useState({ top: 0, height: 900 });
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const read = () => {
      // Steps keep most scroll events from drawing anything.
      const top = Math.floor(element.scrollTop / (MARGIN_PX / 2)) * (MARGIN_PX / 2);
      const height = element.clientHeight;
      setView((before) => (before.top === top && before.height === height ? before : { top, height }));
    };
    read();
    element.addEventListener("scroll", read, { passive: true });
    const observer = new ResizeObserver(read);
    observer.observe(element);
    return () => {
      element.removeEventListener("scroll", read);
      observer.disconnect();
    };
  }, [scroller]);
  return rowsBetween(
    layout.rows,
    (view.top - MARGIN_PX) / zoom,
    (view.top + view.height + MARGIN_PX + MARGIN_PX / 2) / zoom,
  );
}
