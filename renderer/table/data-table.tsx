/**
 * A table of rows that are all here: finds, sorts, marks, copies. It knows nothing about what the rows are; the grid
 * is in grid.tsx, the keyboard in grid-keys.ts, the data in columns.ts.
 */
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { copyText } from "../stores/notice.ts";
import { plural } from "../ui/format.ts";
import { type Column, findRows, nextSort, type Sort, sortRows, toTsv } from "./columns.ts";
import { Grid } from "./grid.tsx";
import { type Cursor, markedRange } from "./grid-keys.ts";
import type { Mark } from "./rows.tsx";
import { useShownColumns } from "./shown-columns.ts";
import { TableToolbar } from "./toolbar.tsx";

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
  /** Rows change places by themselves: the cursor stays on its row, so that Enter does what was meant. */
  steady?: boolean;
}

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { id, label, rows, columns, keyOf, selected, onSelect, reveal } = props;
  const [text, setText] = useState("");
  const [sort, setSort] = useState<Sort | null>(props.initialSort ?? null);
  const [placed, setPlaced] = useState<Cursor>({ row: 0, column: 0, anchor: 0 });
  const [under, setUnder] = useState<string | null>(null);
  const [shownPlace, setShownPlace] = useState<{ index: number; nonce: number } | null>(null);
  const { shown, toggle } = useShownColumns(id, columns);
  const found = useMemo(() => sortRows(findRows(rows, columns, text), columns, sort), [rows, columns, text, sort]);
  const last = found.length - 1;
  const moved = props.steady && under !== null ? found.findIndex((row) => keyOf(row) === under) : -1;
  const cursor = moved < 0 || moved === placed.row ? placed : { ...placed, row: moved, anchor: moved };
  const setCursor = (to: Cursor) => {
    const row = found[to.row];
    setUnder(row === undefined ? null : keyOf(row));
    setPlaced(to);
  };
  const range = markedRange({ ...cursor, row: Math.min(cursor.row, last), anchor: Math.min(cursor.anchor, last) });

  const revealed = useRef(0);
  useEffect(() => {
    if (!reveal || reveal.nonce === revealed.current) return;
    const row = found.findIndex((candidate) => keyOf(candidate) === reveal.key);
    if (row < 0) return;
    revealed.current = reveal.nonce;
    setPlaced((before) => ({ ...before, row, anchor: row }));
    setUnder(reveal.key);
    setShownPlace({ index: row, nonce: reveal.nonce });
  }, [reveal, found, keyOf]);

  return (
    <div className="table">
      <TableToolbar
        label={label}
        text={text}
        onText={setText}
        total={rows.length}
        found={found}
        marked={range ? found.slice(range.first, range.last + 1) : []}
        columns={columns}
        shown={shown}
        onToggle={toggle}
        tools={props.tools}
      />
      <Grid
        label={label}
        count={found.length}
        rowAt={(index) => found[index]}
        keyOf={keyOf}
        columns={shown}
        sort={sort}
        onSort={(column) => setSort(nextSort(sort, column))}
        cursor={cursor}
        onCursor={setCursor}
        selected={selected}
        onSelect={onSelect}
        onCopy={({ first, last }) => {
          const marked = found.slice(first, last + 1);
          void copyText(toTsv(marked, shown), plural(marked.length, "row"));
        }}
        reveal={shownPlace}
        {...(props.markOf ? { markOf: props.markOf } : {})}
        empty={rows.length === 0 ? props.empty : <p className="muted">No row fits “{text}”.</p>}
      />
    </div>
  );
}
