/**
 * The one table of bpfdesk: a virtual ARIA grid driven by columns. Finds, sorts, marks, copies.
 * It knows nothing about what the rows are; the keyboard is in grid-keys.ts, the data in columns.ts.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";
import { copyText } from "../stores/notice.ts";
import { plural } from "../ui/format.ts";
import { type Column, findRows, nextSort, type Sort, sortRows, toTsv } from "./columns.ts";
import { type Cursor, markedRange, moveCursor } from "./grid-keys.ts";
import { type Mark, TableHeader, TableRow } from "./rows.tsx";
import { useShownColumns } from "./shown-columns.ts";
import { TableToolbar } from "./toolbar.tsx";

/** Height of a row in px; the same as --row in tokens.css. */
const ROW = 24;

export interface DataTableProps<Row> {
  /** Names the grid, and the stored choice of columns. */
  id: string;
  label: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => string;
  selected: string | null;
  onSelect: (row: Row) => void;
  /** Bring this key on screen whenever the object changes. */
  reveal?: { key: string; nonce: number } | null;
  markOf?: (row: Row) => Mark | null;
  /** Shown in place of rows when there are none. */
  empty: ReactNode;
  /** More controls for the bar above. */
  tools?: ReactNode;
  initialSort?: Sort;
}

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { id, label, rows, columns, keyOf, selected, onSelect, reveal } = props;
  const [text, setText] = useState("");
  const [sort, setSort] = useState<Sort | null>(props.initialSort ?? null);
  const [cursor, setCursor] = useState<Cursor>({ row: 0, column: 0, anchor: 0 });
  const { shown, toggle } = useShownColumns(id, columns);
  const found = useMemo(() => sortRows(findRows(rows, columns, text), columns, sort), [rows, columns, text, sort]);
  const scroller = useRef<HTMLDivElement>(null);
  const gridId = useId();
  const virtual = useVirtualizer({
    count: found.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollMargin: ROW,
    scrollPaddingStart: ROW,
  });
  const at: Cursor = {
    ...cursor,
    row: Math.min(cursor.row, found.length - 1),
    anchor: Math.min(cursor.anchor, found.length - 1),
  };
  const range = markedRange(at);

  const revealed = useRef(0);
  useEffect(() => {
    if (!reveal || reveal.nonce === revealed.current) return;
    const row = found.findIndex((candidate) => keyOf(candidate) === reveal.key);
    if (row < 0) return;
    revealed.current = reveal.nonce;
    setCursor((before) => ({ ...before, row, anchor: row }));
    virtual.scrollToIndex(row, { align: "center" });
  }, [reveal, found, keyOf, virtual]);

  const move = (to: Cursor) => {
    setCursor(to);
    if (to.row >= 0) virtual.scrollToIndex(to.row);
  };
  const marked = () => (range ? found.slice(range.first, range.last + 1) : []);
  const onKeyDown = (event: KeyboardEvent) => {
    const mod = event.ctrlKey || event.metaKey;
    if (mod && event.key === "c" && range) {
      event.preventDefault();
      void copyText(toTsv(marked(), shown), plural(marked().length, "row"));
      return;
    }
    if (event.key === "Enter") {
      event.preventDefault();
      const row = found[at.row];
      const column = shown[at.column];
      if (at.row < 0 && column) setSort(nextSort(sort, column.id));
      else if (row !== undefined) onSelect(row);
      return;
    }
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW) - 2);
    const size = { rows: found.length, columns: shown.length, page };
    const to = moveCursor(at, { key: event.key, shift: event.shiftKey, mod }, size);
    if (!to) return;
    event.preventDefault();
    move(to);
  };
  const template = shown
    .map((column) => (column.grow ? `minmax(${column.width}px, 1fr)` : `${column.width}px`))
    .join(" ");
  const minWidth = shown.reduce((sum, column) => sum + column.width, 0);

  return (
    <div className="table">
      <TableToolbar
        label={label}
        text={text}
        onText={setText}
        total={rows.length}
        found={found}
        marked={marked()}
        columns={columns}
        shown={shown}
        onToggle={toggle}
        tools={props.tools}
      />
      {/* biome-ignore lint/a11y/useSemanticElements: a virtual grid holds only the rows on screen */}
      <div
        ref={scroller}
        role="grid"
        className="grid"
        tabIndex={0}
        aria-label={label}
        aria-rowcount={found.length + 1}
        aria-colcount={shown.length}
        aria-multiselectable
        aria-activedescendant={`${gridId}-${at.row}-${Math.min(at.column, shown.length - 1)}`}
        onKeyDown={onKeyDown}
      >
        <TableHeader
          gridId={gridId}
          columns={shown}
          sort={sort}
          onSort={(column) => setSort(nextSort(sort, column))}
          template={template}
          minWidth={minWidth}
          cursor={at}
        />
        {/* biome-ignore lint/a11y/useSemanticElements: rows of a virtual grid are placed, not laid out */}
        <div role="rowgroup" className="grid-body" style={{ height: virtual.getTotalSize(), minWidth }}>
          {virtual.getVirtualItems().map((item) => {
            const row = found[item.index];
            if (row === undefined) return null;
            return (
              <TableRow
                key={keyOf(row)}
                gridId={gridId}
                row={row}
                index={item.index}
                top={item.start - ROW}
                columns={shown}
                template={template}
                selected={keyOf(row) === selected}
                marked={
                  range !== null && range.first !== range.last && item.index >= range.first && item.index <= range.last
                }
                cursorColumn={at.row === item.index ? at.column : null}
                mark={props.markOf?.(row) ?? null}
                onPress={(column, extend) => {
                  setCursor({ row: item.index, column, anchor: extend ? Math.max(0, at.anchor) : item.index });
                  if (!extend) onSelect(row);
                }}
              />
            );
          })}
        </div>
        {found.length === 0 ? (
          <div className="grid-empty">
            {rows.length === 0 ? props.empty : <p className="muted">No row fits “{text}”.</p>}
          </div>
        ) : null}
      </div>
    </div>
  );
}
