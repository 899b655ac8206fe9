/** Moves the picture by dragging its ground. Buttons and the fixed column keep their own clicks. */
import { type RefObject, useEffect } from "react";

export function usePan(scroller: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let last: { x: number; y: number } | null = null;
    const down = (event: PointerEvent) => {
      const target = event.target as HTMLElement;
      const onGround = event.button === 0 && !target.closest("button, .picture-head");
      // A press on the scroll bar has the scroller itself as target, outside its client area.
      const onBar = event.offsetX > element.clientWidth || event.offsetY > element.clientHeight;
      if (!(onGround || event.button === 1) || (target === element && onBar)) return;
      event.preventDefault();
      last = { x: event.clientX, y: event.clientY };
      element.setPointerCapture(event.pointerId);
      element.classList.add("is-panning");
    };
    const move = (event: PointerEvent) => {
      if (!last) return;
      element.scrollBy(last.x - event.clientX, last.y - event.clientY);
      last = { x: event.clientX, y: event.clientY };
    };
    const up = () => {
      last = null;
      element.classList.remove("is-panning");
    };
    element.addEventListener("pointerdown", down);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", up);
    return () => {
      element.removeEventListener("pointerdown", down);
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", up);
      element.removeEventListener("pointercancel", up);
    };
  }, [scroller]);
}
