/** One row: its fixed head, the frames of its hooks, arrows and boxes. */
import { ChevronDown, ChevronRight } from "lucide-react";
import { memo } from "react";
import type { PictureRow, Track } from "../../../electron/core/layout/types.ts";
import type { Key } from "../../../electron/core/model/types.ts";
import { visibleText } from "../../../electron/core/text/visible.ts";
import { NodeText } from "../../ui/node-text.tsx";
import { Arrows } from "./arrows.tsx";
import { BadgeButton, Box, ChangeMark } from "./box.tsx";

export interface RowProps {
  row: PictureRow;
  index: number;
  width: number;
  /** Key of the place the Tab key stops at, when it is in this row. */
  current: Key | null;
  selected: Key | null;
  related: ReadonlySet<Key>;
}

export const Row = memo(function Row({ row, index, width, current, selected, related }: RowProps) {
  const expanded = row.fold ? { "aria-expanded": row.fold.open } : {};
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: focus is on the cells
    // biome-ignore lint/a11y/useSemanticElements: rows are placed freely and drawn in part, which a table cannot be
    <div
      role="row"
      aria-rowindex={index + 1}
      aria-level={row.level}
      {...expanded}
      className={`picture-row row-${row.kind}${row.head.tucked ? " is-tucked" : ""}`}
      style={{ top: row.y, height: row.height, width }}
    >
      <Head row={row} current={current} selected={row.subject !== null && row.subject === selected} />
      {row.tracks.map((track) => (
        <Frame key={track.key} track={track} tab={current !== null} />
      ))}
      <Arrows arrows={row.arrows} width={width} height={row.height} />
      {row.boxes.map((box) => (
        <Box
          key={box.key}
          box={box}
          current={current === box.key}
          mark={
            box.subject !== null && box.subject === selected
              ? "selected"
              : related.has(box.subject ?? "") || related.has(box.program ?? "")
                ? "related"
                : null
          }
        />
      ))}
    </div>
  );
});

function Head({ row, current, selected }: { row: PictureRow; current: Key | null; selected: boolean }) {
  const { head } = row;
  const Chevron = row.fold?.open ? ChevronDown : ChevronRight;
  const tab = current === row.key;
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the button inside is the cell's focus stop
    // biome-ignore lint/a11y/useSemanticElements: rows are placed freely and drawn in part, which a table cannot be
    <div role="rowheader" className={`picture-head${selected ? " is-selected" : ""}`}>
      <button
        type="button"
        className="head-main"
        title={visibleText([head.title, head.name, head.detail].filter(Boolean).join("\n"), true)}
        data-place={row.key}
        tabIndex={tab ? 0 : -1}
        aria-label={visibleText([head.label, row.badge?.title, row.change].filter(Boolean).join(". "))}
      />
      <div className="head-title" aria-hidden>
        {row.fold ? <Chevron size={13} /> : head.tucked ? <span className="head-tuck">↳</span> : null}
        <NodeText text={head.title} className="ellipsis" />
        {row.kind === "group" ? <NodeText text={head.name} className="head-note" /> : null}
        {row.kind === "idle" ? <NodeText text={head.detail} className="head-note" /> : null}
      </div>
      {row.kind === "interface" || row.kind === "lane" ? (
        <>
          <div className="head-name" aria-hidden>
            <NodeText text={head.name} className="ellipsis" />
          </div>
          <div className="head-detail" aria-hidden>
            <NodeText text={head.detail} className="ellipsis" />
          </div>
        </>
      ) : null}
      {row.badge || row.change ? (
        <div className="head-signs">
          {row.badge ? <BadgeButton badge={row.badge} tab={tab} /> : null}
          {row.change ? <ChangeMark change={row.change} /> : null}
        </div>
      ) : null}
    </div>
  );
}

function Frame({ track, tab }: { track: Track; tab: boolean }) {
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: says the hook's name, has nothing to do
    // biome-ignore lint/a11y/useSemanticElements: rows are placed freely and drawn in part, which a table cannot be
    <div
      role="gridcell"
      className={`picture-track track-${track.kind}`}
      style={{ left: track.x, top: track.y, width: track.w, height: track.h }}
    >
      <div className="track-caption">
        <NodeText text={track.title} className="track-title" />
        <NodeText text={track.note} className="track-note" />
        {track.badge ? <BadgeButton badge={track.badge} tab={tab} /> : null}
      </div>
    </div>
  );
}
