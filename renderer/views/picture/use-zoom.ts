/** Zoom by Ctrl and wheel, plus, minus or zero; what is in the middle of the view stays there. */
import { type RefObject, useEffect, useLayoutEffect, useRef } from "react";
import { zoomBy } from "./store.ts";

export function useZoomKeys(scroller: RefObject<HTMLElement | null>, zoom: number): void {
  const before = useRef(zoom);
  useLayoutEffect(() => {
    const element = scroller.current;
    const factor = zoom / before.current;
    before.current = zoom;
    if (!element || factor === 1) return;
    const half = element.clientHeight / 2;
    element.scrollTop = (element.scrollTop + half) * factor - half;
    element.scrollLeft *= factor;
  }, [scroller, zoom]);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomBy(event.deltaY < 0 ? 1 : -1);
    };
    const key = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const direction =
        event.key === "+" || event.key === "=" ? 1 : event.key === "-" ? -1 : event.key === "0" ? 0 : null;
      if (direction === null) return;
      event.preventDefault();
      zoomBy(direction);
    };
    // Not passive: the page itself must not zoom as well.
    element.addEventListener("wheel", wheel, { passive: false });
    element.addEventListener("keydown", key);
    return () => {
      element.removeEventListener("wheel", wheel);
      element.removeEventListener("keydown", key);
    };
  }, [scroller]);
}
