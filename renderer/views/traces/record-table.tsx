/** The records of one name as a table that goes with the run: only what is on screen is ever here. */
import { SearchX } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import type { TraceState } from "../../../electron/core/journal/state.ts";
import { host } from "../../host/link.ts";
import { copyText } from "../../stores/notice.ts";
import { columnInfos, filterOfGroup, keyColumns, type RecordInfo } from "../../stores/traces/fields.ts";
import { openRows, PAGE, type RowsQuery, type RowsState, type RowsWindow, rowAt } from "../../stores/traces/rows.ts";
import { isRunning } from "../../stores/traces/run-state.ts";
import { nothingText } from "../../stores/traces/text.ts";
import { cellText, nextSort, type Sort } from "../../table/columns.ts";
import { Grid } from "../../table/grid.tsx";
import { type Cursor, markedRange } from "../../table/grid-keys.ts";
import { useShownColumns } from "../../table/shown-columns.ts";
import { countText, plural } from "../../ui/format.ts";
import { EmptyState, ErrorBlock } from "../../ui/message.tsx";
import { columnsFor, type Row } from "./cells.tsx";
import { copyRows } from "./copy-rows.ts";
import { RecordBar } from "./record-bar.tsx";
import { RecordDetails } from "./record-details.tsx";
import { useNow } from "./use-now.ts";

/** Typing is over when nothing was typed for so long. */
const TYPING_MS = 200;

/** `filtered`: the filter it opens with. */
export function RecordTable(props: { trace: TraceState; record: RecordInfo; filtered: string }) {
  const { trace, record } = props;
  const { trace_id } = trace;
  const running = isRunning(trace);
  const rows = useRows(trace_id, record.name, running);
  const state = useStore(rows.store);
  const [filter, setFilter] = useState(props.filtered);
  const [cursor, setCursor] = useState<Cursor>({ row: 0, column: 0, anchor: 0 });
  const [follow, setFollow] = useState(record.kind === "event");
  const [top, setTop] = useState({ index: 0, nonce: 0 });
  const [chosen, setChosen] = useState<{ index: number; row: Row } | null>(null);
  const { query } = state;
  const answered = state.answered ?? query;

  /** Another order, filter or grouping is read from its first row. */
  const ask = useCallback(
    (change: Partial<RowsQuery>) => {
      rows.ask(change);
      setTop(({ nonce }) => ({ index: 0, nonce: nonce + 1 }));
    },
    [rows],
  );
  useEffect(() => {
    const timer = setTimeout(() => {
      if (rows.store.getState().query.filter !== filter) ask({ filter });
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [rows, ask, filter]);

  const names = state.columns;
  const infos = useMemo(() => columnInfos(record, names, answered.group_by), [record, names, answered]);
  const columns = useMemo(() => columnsFor(infos, record), [infos, record]);
  const keys = useMemo(() => keyColumns(record, names, answered.group_by), [record, names, answered]);
  const { shown, toggle } = useShownColumns(`trace.${trace.tracer}.${record.name}`, columns);
  const groupable = useMemo(() => columnInfos(record, state.row_columns, []), [record, state.row_columns]);

  const grouped = answered.group_by.length > 0;
  const ordered = query.sort.length > 0 || query.group_by.length > 0;
  const canFollow = running && record.kind === "event" && !ordered;
  const paused = state.paused_at !== null;
  const keyOf = (row: Row, index: number) =>
    keys.length > 0 ? JSON.stringify(keys.map((at) => row[at])) : String(index);
  const selected = selectedKey(state, chosen, keyOf);
  const range = markedRange(cursor);
  const sort: Sort | null = query.sort[0]
    ? { column: query.sort[0].column, direction: query.sort[0].descending ? "descending" : "ascending" }
    : null;

  const onSort = (column: string) => {
    const next = nextSort(sort, column);
    ask({ sort: next ? [{ column: next.column, descending: next.direction === "descending" }] : [] });
  };
  const onGroup = (group_by: string[]) => {
    setChosen(null);
    // An order by a column that is not there any more would say nothing.
    ask({ group_by, sort: [] });
  };
  const onSelect = (row: Row, index: number) => {
    if (!grouped) return setChosen({ index, row });
    const by = answered.group_by.flatMap((name) => groupable.find((info) => info.name === name) ?? []);
    const narrowed = filterOfGroup(filter, by, row);
    setFilter(narrowed);
    setCursor({ row: 0, column: 0, anchor: 0 });
    ask({ group_by: [], sort: [], filter: narrowed });
  };
  const onPause = () => {
    // Totals change in place: what tells one state from the next is how many have come, not how many there are.
    const arrived = record.kind === "total" ? (trace.rows[record.name] ?? 0) : state.total + state.dropped;
    rows.pause(paused ? null : arrived);
  };
  const copy = (what: string) => {
    if (what === "cell") {
      const row = rowAt(state, cursor.row);
      const column = shown[cursor.column];
      if (row && column) void copyText(cellText(column.value(row)), column.title);
      return;
    }
    const part = what.startsWith("all") ? { first: 0, last: state.matching - 1 } : range;
    if (part) void copyRows(rows, part, shown, what.endsWith("json") ? "json" : "tsv");
  };

  return (
    <div className="table">
      <RecordBar
        label={record.title}
        filter={filter}
        onFilter={setFilter}
        counts={countsText(state, grouped, paused ? (trace.rows[record.name] ?? 0) : null)}
        running={running}
        paused={paused}
        onPause={onPause}
        follow={canFollow && !paused ? follow : null}
        onFollow={setFollow}
        groupable={groupable}
        group_by={query.group_by}
        onGroup={onGroup}
        columns={columns}
        shown={shown}
        onToggle={toggle}
        marked={range ? Math.min(range.last, state.matching - 1) - range.first + 1 : 0}
        matching={state.matching}
        onCopy={copy}
      />
      <div className="split">
        <Grid
          label={record.title}
          count={state.matching}
          rowAt={(index) => rowAt(state, index)}
          keyOf={keyOf}
          columns={shown}
          sort={sort}
          onSort={onSort}
          cursor={cursor}
          onCursor={setCursor}
          selected={selected}
          onSelect={onSelect}
          onCopy={(part) => void copyRows(rows, part, shown, "tsv")}
          onRange={rows.show}
          onSpace={running ? onPause : undefined}
          reveal={top.nonce === 0 ? null : top}
          follow={canFollow && !paused && follow}
          onFollow={canFollow ? setFollow : undefined}
          empty={<Nothing trace={trace} record={record} state={state} />}
        />
        {chosen && !grouped ? (
          <RecordDetails
            record={record}
            infos={infos}
            row={rowOfKey(state, selected, keyOf) ?? chosen.row}
            onClose={() => setChosen(null)}
          />
        ) : null}
      </div>
    </div>
  );
}

/** A window that lives as long as the table is on screen. */
function useRows(trace_id: string, record: string, running: boolean): RowsWindow {
  const [rows] = useState(() =>
    openRows((request, signal) => {
      const { client, session_id } = host();
      return client.call("trace.rows", { session_id, trace_id, record, ...request }, { signal });
    }),
  );
  useEffect(() => rows.live(running), [rows, running]);
  useEffect(() => {
    rows.open();
    return rows.close;
  }, [rows]);
  return rows;
}

/** The key of the chosen row as far as it is here: by its key, or its place as long as it is the same row. */
function selectedKey(
  state: RowsState,
  chosen: { index: number; row: Row } | null,
  keyOf: (row: Row, index: number) => string,
): string | null {
  if (!chosen) return null;
  const key = keyOf(chosen.row, chosen.index);
  if (key !== String(chosen.index)) return key;
  return JSON.stringify(rowAt(state, chosen.index)) === JSON.stringify(chosen.row) ? key : null;
}

/** The newest of a total that was chosen; it may have changed since. */
function rowOfKey(state: RowsState, key: string | null, keyOf: (row: Row, index: number) => string): Row | null {
  if (key === null) return null;
  for (const [page, rows] of state.pages) {
    const found = rows.find((row, at) => keyOf(row, page * PAGE + at) === key);
    if (found) return found;
  }
  return null;
}

function countsText(
  { matching, total, dropped, answered }: RowsState,
  grouped: boolean,
  arrived: number | null,
): string {
  if (answered === null) return "";
  const what = grouped
    ? `${plural(matching, "group")} of ${plural(total, "row")}`
    : matching === total
      ? plural(total, "row")
      : `${countText(matching)} of ${plural(total, "row")}`;
  const gone = dropped > 0 ? `, ${countText(dropped)} more only in the session's file` : "";
  const since = arrived === null ? 0 : Math.max(0, arrived - total - dropped);
  return `${what}${gone}${arrived === null ? "" : since > 0 ? `, paused: ${countText(since)} more since` : ", paused"}`;
}

function Nothing({ trace, record, state }: { trace: TraceState; record: RecordInfo; state: RowsState }) {
  const running = isRunning(trace);
  const now = useNow(running);
  if (state.error) return <ErrorBlock error={state.error} />;
  if (state.answered === null) return <p className="muted">Reading the records…</p>;
  if (state.total > 0) return <p className="muted">No row fits “{state.answered.filter}”.</p>;
  const seen = nothingText(trace, now);
  return (
    <EmptyState icon={SearchX} title={running ? `Nothing happened yet: ${seen}` : `Nothing happened: ${seen}`}>
      {record.description}
    </EmptyState>
  );
}
