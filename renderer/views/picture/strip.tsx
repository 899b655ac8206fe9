/** Where the findings are, beside the scroll bar. For the pointer only: the keys n and p do the same. */
import type { PictureLayout } from "../../../electron/core/layout/types.ts";
import { visibleText } from "../../../electron/core/text/visible.ts";

export function Strip({ layout, onGo }: { layout: PictureLayout; onGo: (row: number) => void }) {
  return (
    <div className="picture-strip" aria-hidden>
      {layout.marks.map((mark) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: hidden from assistive technology, keys n and p do the same
        // biome-ignore lint/a11y/useKeyWithClickEvents: see above
        <div
          key={`${mark.y}:${mark.badge.finding}`}
          className={`strip-mark badge-${mark.badge.severity}`}
          style={{ top: `${(100 * mark.y) / Math.max(1, layout.height)}%` }}
          title={visibleText(mark.badge.title, true)}
          onClick={() => onGo(mark.row)}
        />
      ))}
    </div>
  );
}
