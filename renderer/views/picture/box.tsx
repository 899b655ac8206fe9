/**
 * One box. A single large button names and selects it; folds and the finding's sign are buttons of
 * their own above it, so that no control sits inside another.
 */
import { ChevronDown, ChevronRight, CircleAlert, Info, Minus, PenLine, Plus, TriangleAlert } from "lucide-react";
import { memo } from "react";
import type { Badge, Change, Fold, PictureBox } from "../../../electron/core/layout/types.ts";
import { visibleText } from "../../../electron/core/text/visible.ts";
import { NodeText } from "../../ui/node-text.tsx";

export interface BoxProps {
  box: PictureBox;
  /** The one place the Tab key stops at. */
  current: boolean;
  mark: "selected" | "related" | null;
}

export const Box = memo(function Box({ box, current, mark }: BoxProps) {
  const classes = [
    "picture-box",
    `box-${box.kind}`,
    box.mechanism ? `mech-${box.mechanism}` : "",
    box.reachable === "no" ? "is-dead" : box.reachable === "cannot_tell" ? "is-unsure" : "",
    box.change ? `is-${box.change}` : "",
    box.dim ? "is-dim" : "",
    mark ? `is-${mark}` : "",
  ];
  const folds =
    box.tails || box.maps ? (
      <>
        {box.tails ? <FoldButton fold={box.tails} sign={box.kind === "more" ? "" : "⤷ "} tab={current} /> : null}
        {box.maps ? <FoldButton fold={box.maps} sign="" tab={current} /> : null}
      </>
    ) : null;
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the button inside is the cell's focus stop
    // biome-ignore lint/a11y/useSemanticElements: rows are placed freely and drawn in part, which a table cannot be
    <div
      role="gridcell"
      aria-selected={mark === "selected"}
      className={classes.filter(Boolean).join(" ")}
      style={{ left: box.x, top: box.y, width: box.w, height: box.h }}
    >
      <button
        type="button"
        className="box-main"
        data-place={box.key}
        tabIndex={current ? 0 : -1}
        aria-label={visibleText(labelOf(box))}
      />
      <div className="box-line">
        {box.order === null ? null : (
          <span className="box-order" aria-hidden>
            {box.order}
          </span>
        )}
        <NodeText text={box.title} className="box-title" silent />
        {box.kind === "map" ? <Chips box={box} /> : null}
        <span className="box-id" aria-hidden>
          {box.id_text}
        </span>
        {box.change ? <ChangeMark change={box.change} /> : null}
        {box.badge ? <BadgeButton badge={box.badge} tab={current} /> : null}
      </div>
      {box.kind === "map" ? null : (
        <div className="box-line box-small">
          <Chips box={box} />
          {box.folds_beside ? folds : null}
          {box.line === "" && box.runs !== "" ? (
            <span className="box-runs" aria-hidden>
              {box.runs}
            </span>
          ) : null}
        </div>
      )}
      {box.line === "" ? null : (
        <div className="box-line box-small box-words" aria-hidden>
          <NodeText text={box.line} className="box-verdicts" />
          <span className="box-runs">{box.runs}</span>
        </div>
      )}
      {folds && !box.folds_beside ? <div className="box-line box-small box-folds">{folds}</div> : null}
    </div>
  );
});

function Chips({ box }: { box: PictureBox }) {
  return box.chips.map((chip) => (
    <NodeText key={chip.kind} text={chip.text} className={`box-chip chip-${chip.kind}`} silent />
  ));
}

function labelOf(box: PictureBox): string {
  return [box.label, box.tails?.text, box.maps?.text, box.badge?.title].filter(Boolean).join(". ");
}

function FoldButton({ fold, sign, tab }: { fold: Fold; sign: string; tab: boolean }) {
  const Chevron = fold.open ? ChevronDown : ChevronRight;
  return (
    <button type="button" className="box-fold" data-fold={fold.key} aria-expanded={fold.open} tabIndex={tab ? 0 : -1}>
      <Chevron size={11} aria-hidden />
      {sign}
      {fold.text}
    </button>
  );
}

const BADGE_ICONS = { critical: CircleAlert, warning: TriangleAlert, info: Info };

/** Icon, word and colour; leads to the finding. */
export function BadgeButton({ badge, tab }: { badge: Badge; tab: boolean }) {
  const Icon = BADGE_ICONS[badge.severity];
  return (
    <button
      type="button"
      className={`picture-badge badge-${badge.severity}`}
      data-finding={badge.finding}
      title={visibleText(badge.title, true)}
      aria-label={`Finding: ${visibleText(badge.title)}`}
      tabIndex={tab ? 0 : -1}
    >
      <Icon size={12} aria-hidden />
      {badge.text}
    </button>
  );
}

const CHANGE_ICONS = { came: Plus, went: Minus, changed: PenLine };

export function ChangeMark({ change }: { change: Change }) {
  const Icon = CHANGE_ICONS[change];
  return (
    <span className={`picture-change change-${change}`}>
      <Icon size={11} aria-hidden />
      {change}
    </span>
  );
}
