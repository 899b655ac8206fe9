/** The arrows of one row, as one drawing behind its boxes. Hidden from screen readers: the boxes say the same in words. */
import { memo } from "react";
import type { Arrow } from "../../../electron/core/layout/types.ts";
import { visibleText } from "../../../electron/core/text/visible.ts";

export const Arrows = memo(function Arrows(props: { arrows: readonly Arrow[]; width: number; height: number }) {
  if (props.arrows.length === 0) return null;
  return (
    <svg className="picture-arrows" width={props.width} height={props.height} aria-hidden focusable="false">
      {props.arrows.map((arrow) => (
        <g key={arrow.points.join(" ")} className={`arrow arrow-${arrow.kind}`}>
          <polyline points={arrow.points.join(" ")} />
          {arrow.kind === "uses" ? null : <path d={headOf(arrow)} />}
          {arrow.text === "" ? null : (
            <text x={arrow.text_x} y={arrow.text_y} textAnchor="middle">
              {visibleText(arrow.text)}
            </text>
          )}
          {arrow.target === "" ? null : (
            <text x={(arrow.points.at(-2) ?? 0) + 5} y={(arrow.points.at(-1) ?? 0) + 4}>
              {arrow.target}
            </text>
          )}
        </g>
      ))}
    </svg>
  );
});

/** The head at the end of an arrow; a bar where the way ends. */
function headOf({ points, kind }: Arrow): string {
  const [fromX = 0, fromY = 0, x = 0, y = 0] = points.slice(-4);
  if (kind === "never") {
    const middle = (fromX + x) / 2;
    return `M${middle - 3} ${y - 5}L${middle + 3} ${y + 5}M${middle + 3} ${y - 5}L${middle - 3} ${y + 5}`;
  }
  if (x === fromX) {
    const back = y > fromY ? -5 : 5;
    return `M${x - 3.5} ${y + back}L${x} ${y}L${x + 3.5} ${y + back}`;
  }
  const back = x > fromX ? -5 : 5;
  return `M${x + back} ${y - 3.5}L${x} ${y}L${x + back} ${y + 3.5}`;
}
