/**
 * A virtual ARIA grid over rows that are asked for by their place: it draws what is on screen, moves the cursor,
 * marks, and says what was chosen. Where rows come from, how they are found and sorted is its owner's business.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useCallback, useEffect, useId, useLayoutEffect, useRef } from "react";
import type { Column, Sort } from "./columns.ts";
import { type Cursor, markedRange, moveCursor } from "./grid-keys.ts";
import { type Mark, TableHeader, TableRow } from "./rows.tsx";

/** Height of a row in px; the same as --row in tokens.css. */
const ROW = 24;

export interface GridProps<Row> {
  label: string;
  count: number;
  /** Undefined while it is not there yet: an empty row stands in its place. */
  rowAt: (index: number) => Row | undefined;
  keyOf: (row: Row, index: number) => string;
  columns: readonly Column<Row>[];
  sort: Sort | null;
  onSort: (column: string) => void;
  cursor: Cursor;
  onCursor: (cursor: Cursor) => void;
  selected: string | null;
  onSelect: (row: Row, index: number) => void;
  /** Rows marked by Shift, or the one under the cursor, are to be copied. */
  onCopy: (range: { first: number; last: number }) => void;
  /** Bring this row on screen whenever the object changes. */
  reveal?: { index: number; nonce: number } | null;
  /** Tells which rows are on screen, so that they can be fetched. */
  onRange?: (first: number, last: number) => void;
  /** Keeps the last row on screen. */
  follow?: boolean;
  /** The person scrolled away from the last row, or to it. */
  onFollow?: ((follow: boolean) => void) | undefined;
  onSpace?: (() => void) | undefined;
  markOf?: (row: Row) => Mark | null;
  /** Shown in place of rows when there are none. */
  empty: ReactNode;
}

export function Grid<Row>(props: GridProps<Row>) {
  const { label, count, columns, cursor, onCursor, reveal, follow = false, onRange } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const gridId = useId();
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollMargin: ROW,
    scrollPaddingStart: ROW,
  });
  const at: Cursor = {
    ...cursor,
    row: Math.min(cursor.row, count - 1),
    anchor: Math.min(cursor.anchor, count - 1),
  };
  const range = markedRange(at);
  const items = virtual.getVirtualItems();

  useEffect(() => {
    if (reveal) virtual.scrollToIndex(reveal.index, { align: reveal.index === 0 ? "start" : "center" });
  }, [reveal, virtual]);

  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => onRange?.(first, last), [onRange, first, last]);

  const height = virtual.getTotalSize();
  useLayoutEffect(() => {
    if (follow && height > 0 && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [follow, height]);
  const scrolledTo = useRef(0);
  const onScroll = () => {
    const view = scroller.current;
    if (!view) return;
    const before = scrolledTo.current;
    scrolledTo.current = view.scrollTop;
    const atEnd = view.scrollTop + view.clientHeight >= view.scrollHeight - ROW;
    // New rows make the table longer without moving it: only going up means to leave the end.
    if (!atEnd && view.scrollTop < before) props.onFollow?.(false);
    if (atEnd && view.scrollTop > before) props.onFollow?.(true);
  };

  const move = (to: Cursor) => {
    onCursor(to);
    if (to.row >= 0) virtual.scrollToIndex(to.row);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const mod = event.ctrlKey || event.metaKey;
    if (mod && event.key === "c" && range) {
      event.preventDefault();
      props.onCopy(range);
      return;
    }
    if (event.key === "Enter") {
      event.preventDefault();
      const row = at.row < 0 ? undefined : props.rowAt(at.row);
      const column = columns[at.column];
      if (at.row < 0 && column) props.onSort(column.id);
      else if (row !== undefined) props.onSelect(row, at.row);
      return;
    }
    if (event.key === " " && props.onSpace) {
      event.preventDefault();
      props.onSpace();
      return;
    }
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW) - 2);
    const size = { rows: count, columns: columns.length, page };
    const to = moveCursor(at, { key: event.key, shift: event.shiftKey, mod }, size);
    if (!to) return;
    event.preventDefault();
    move(to);
  };
  const pressed = useRef<(index: number, column: number, extend: boolean) => void>(() => {});
  pressed.current = (index, column, extend) => {
    onCursor({ row: index, column, anchor: extend ? Math.max(0, at.anchor) : index });
    const row = extend ? undefined : props.rowAt(index);
    if (row !== undefined) props.onSelect(row, index);
  };
  const onPress = useCallback(
    (index: number, column: number, extend: boolean) => pressed.current(index, column, extend),
    [],
  );
  const template = columns
    .map((column) => (column.grow ? `minmax(${column.width}px, 1fr)` : `${column.width}px`))
    .join(" ");
  const minWidth = columns.reduce((sum, column) => sum + column.width, 0);

  return (
    // biome-ignore lint/a11y/useSemanticElements: a virtual grid holds only the rows on screen
    <div
      ref={scroller}
      role="grid"
      className="grid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={count + 1}
      aria-colcount={columns.length}
      aria-multiselectable
      aria-activedescendant={`${gridId}-${at.row}-${Math.min(at.column, columns.length - 1)}`}
      onKeyDown={onKeyDown}
      onScroll={onScroll}
    >
      <TableHeader
        gridId={gridId}
        columns={columns}
        sort={props.sort}
        onSort={props.onSort}
        template={template}
        minWidth={minWidth}
        cursor={at}
      />
      {/* biome-ignore lint/a11y/useSemanticElements: rows of a virtual grid are placed, not laid out */}
      <div role="rowgroup" className="grid-body" style={{ height, minWidth }}>
        {items.map((item) => {
          const row = props.rowAt(item.index);
          const key = row === undefined ? `waiting ${item.index}` : props.keyOf(row, item.index);
          const inRange = range !== null && range.first !== range.last;
          return (
            <TableRow
              key={key}
              gridId={gridId}
              row={row}
              index={item.index}
              top={item.start - ROW}
              columns={columns}
              template={template}
              selected={row !== undefined && key === props.selected}
              marked={inRange && item.index >= range.first && item.index <= range.last}
              cursorColumn={at.row === item.index ? at.column : null}
              mark={row === undefined ? null : (props.markOf?.(row) ?? null)}
              onPress={onPress}
            />
          );
        })}
      </div>
      {count === 0 ? <div className="grid-empty">{props.empty}</div> : null}
    </div>
  );
}
