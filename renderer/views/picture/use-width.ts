/** The width of an element as it changes. */
import { type RefCallback, useCallback, useState } from "react";

/** @returns a ref for the element and its width in px (1000 until it is known). */
export function useWidth(): [RefCallback<HTMLElement>, number] {
  const [width, setWidth] = useState(1000);
  const ref = useCallback((element: HTMLElement | null) => {
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
