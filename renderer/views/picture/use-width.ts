/** The width of an element as it changes. */
import { type RefCallback, useCallback, useState } from "react";

/** @returns a ref for the element and its width in px: null before it is shown, the last one while it is hidden. */
export function useWidth(): [RefCallback<HTMLElement>, number | null] {
  const [width, setWidth] = useState<number | null>(null);
  const ref = useCallback((element: HTMLElement | null) => {
    if (!element) return;
    const take = (now: number) => {
      if (now > 0) setWidth(now);
    };
    // Now, not only when the observer is first called: that is after a painted frame without a picture.
    take(element.clientWidth);
    const observer = new ResizeObserver(([entry]) => entry && take(entry.contentRect.width));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
