/** The row of titles and one row of a grid. Cells are not focusable: the grid points at the active one. */
import { ArrowDown, ArrowUp } from "lucide-react";
import { memo } from "react";
import { NodeText } from "../ui/node-text.tsx";
import { type Column, cellText, type Sort } from "./columns.ts";
import type { Cursor } from "./grid-keys.ts";

/** What became of a row since the picture before. */
export type Mark = "new" | "changed" | "gone";

interface HeaderProps<Row> {
  gridId: string;
  columns: readonly Column<Row>[];
  sort: Sort | null;
  onSort: (column: string) => void;
  template: string;
  minWidth: number;
  cursor: Cursor;
}

export function TableHeader<Row>({ gridId, columns, sort, onSort, template, minWidth, cursor }: HeaderProps<Row>) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: part of a virtual grid
    <div role="rowgroup" className="grid-head" style={{ minWidth }}>
      {/* biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: the grid has the focus and points here */}
      <div role="row" aria-rowindex={1} className="grid-row" style={{ gridTemplateColumns: template }}>
        {columns.map((column, at) => {
          const direction = sort?.column === column.id ? sort.direction : null;
          return (
            // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: Enter is handled by the grid
            <div
              key={column.id}
              id={`${gridId}--1-${at}`}
              role="columnheader"
              aria-colindex={at + 1}
              aria-sort={direction ?? "none"}
              className={cellClass("grid-title", column, cursor.row < 0 && cursor.column === at)}
              title={column.description}
              onClick={() => onSort(column.id)}
            >
              <span className="ellipsis">{column.title}</span>
              {direction === "ascending" ? <ArrowUp size={12} aria-hidden /> : null}
              {direction === "descending" ? <ArrowDown size={12} aria-hidden /> : null}
            </div>
          );
        })}
      </div>
    </div>
  );
}

interface RowProps<Row> {
  gridId: string;
  /** Undefined while it is not there yet. */
  row: Row | undefined;
  index: number;
  top: number;
  columns: readonly Column<Row>[];
  template: string;
  selected: boolean;
  marked: boolean;
  /** Column of the cursor when it is on this row. */
  cursorColumn: number | null;
  mark: Mark | null;
  /** Must keep its identity between renders. */
  onPress: (index: number, column: number, extend: boolean) => void;
}

/** Drawn again only when something of it changed: scrolling moves all rows and changes none. */
export const TableRow = memo(PlainRow) as typeof PlainRow;

function PlainRow<Row>(props: RowProps<Row>) {
  const { gridId, row, index, columns, selected, marked, cursorColumn, mark } = props;
  const classes = ["grid-row", selected ? "selected" : "", marked ? "marked" : "", mark ? `mark-${mark}` : ""];
  return (
    // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: part of a virtual grid
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected || marked}
      className={classes.filter(Boolean).join(" ")}
      style={{ gridTemplateColumns: props.template, transform: `translateY(${props.top}px)` }}
    >
      {columns.map((column, at) => (
        // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: Enter is handled by the grid
        <div
          key={column.id}
          id={`${gridId}-${index}-${at}`}
          role="gridcell"
          aria-colindex={at + 1}
          className={cellClass("grid-cell", column, cursorColumn === at)}
          onClick={(event) => props.onPress(index, at, event.shiftKey)}
        >
          {at === 0 && mark ? <span className={`mark mark-text-${mark}`}>{mark}</span> : null}
          {row === undefined ? (
            <span className="muted">…</span>
          ) : column.render ? (
            column.render(row)
          ) : (
            <NodeText text={cellText(column.value(row))} titled />
          )}
        </div>
      ))}
    </div>
  );
}

function cellClass<Row>(base: string, column: Column<Row>, active: boolean): string {
  return [base, column.align === "end" ? "end" : "", column.mono ? "mono" : "", active ? "active" : ""]
    .filter(Boolean)
    .join(" ");
}
