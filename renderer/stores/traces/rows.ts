/**
 * A window into the records of one name of a run: what is on screen is asked of the host page by page, and while the
 * run goes on it is asked again, at most four times a second and never while an answer is awaited. Knows no screen.
 */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { ErrorData } from "../../../electron/core/errors.ts";
import type { TraceRows } from "../../../electron/shared/contract.ts";
import { errorData } from "../../host/error-data.ts";

export const PAGE = 100;
/** Pages kept beside those on screen. */
const PAGES_KEPT = 40;
const REFRESH_MS = 250;
/** Rows before and behind what is on screen that are fetched with it, for who scrolls. */
const AHEAD = 40;

/** What is asked for; the same as of `trace.rows`. */
export interface RowsQuery {
  sort: { column: string; descending: boolean }[];
  filter: string;
  group_by: string[];
}

export const plainQuery: RowsQuery = { sort: [], filter: "", group_by: [] };

export interface RowsRequest extends RowsQuery {
  from: number;
  count: number;
  until?: number;
}

export type AskRows = (request: RowsRequest, signal: AbortSignal) => Promise<TraceRows>;

export interface RowsState {
  query: RowsQuery;
  /** The query that `columns`, `pages` and the counts belong to; null before the first answer. */
  answered: RowsQuery | null;
  columns: readonly string[];
  /** Those of rows that are not grouped, as far as an answer named them. */
  row_columns: readonly string[];
  pages: ReadonlyMap<number, readonly unknown[][]>;
  total: number;
  matching: number;
  dropped: number;
  /** How many records had arrived when the table was paused; null while it goes with the run. */
  paused_at: number | null;
  error: ErrorData | null;
}

export interface RowsWindow {
  store: StoreApi<RowsState>;
  /** These rows are on screen. */
  show(first: number, last: number): void;
  /** Another order, filter or grouping; rows of the old one stay until the first answer. */
  ask(query: Partial<RowsQuery>): void;
  /** Holds the rows as they were when so many had arrived (`until` of the contract); null: goes on. */
  pause(until: number | null): void;
  /** The run goes on: ask again and again. */
  live(live: boolean): void;
  /** Rows from `from` of the query as it is, for copying. */
  read(from: number, count: number): Promise<TraceRows>;
  /** Works until it is closed, and again after that. */
  open(): void;
  close(): void;
}

export function openRows(ask: AskRows): RowsWindow {
  const store = createStore<RowsState>(() => ({
    query: plainQuery,
    answered: null,
    columns: [],
    row_columns: [],
    pages: new Map(),
    total: 0,
    matching: 0,
    dropped: 0,
    paused_at: null,
    error: null,
  }));
  let ended = new AbortController();
  let onScreen = { first: 0, last: 0 };
  let isLive = false;
  let asking: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Something changed while an answer was awaited. */
  let again = false;

  const until = () => {
    const { paused_at } = store.getState();
    return paused_at === null ? {} : { until: paused_at };
  };

  /** Asks for what is on screen: all of it (`fresh`), or only pages that are not here. */
  const fetch = async (fresh: boolean): Promise<void> => {
    if (ended.signal.aborted) return;
    clearTimeout(timer);
    const { query, answered, pages, matching } = store.getState();
    const known = fresh || query !== answered ? new Map() : pages;
    const want = wantedPages(
      {
        first: Math.max(0, onScreen.first - AHEAD),
        last: Math.max(onScreen.last, Math.min(onScreen.last + AHEAD, matching - 1)),
      },
      known,
    );
    if (!want) return wait(REFRESH_MS);
    const mine = new AbortController();
    asking = mine;
    const started = performance.now();
    try {
      const request = { ...query, ...until(), from: want.first * PAGE, count: want.count * PAGE };
      const answer = await ask(request, AbortSignal.any([mine.signal, ended.signal]));
      if (asking === mine) store.setState((state) => merge(state, query, want, answer, fresh));
    } catch (error) {
      if (asking === mine && !ended.signal.aborted) store.setState({ error: errorData(error) });
    } finally {
      if (asking === mine) {
        asking = null;
        if (again) {
          again = false;
          void fetch(false);
        }
        // A host that takes long to sort a large table is not asked all the time.
        else wait(Math.max(REFRESH_MS, 2 * (performance.now() - started)));
      }
    }
  };
  const wait = (ms: number) => {
    clearTimeout(timer);
    if (isLive && store.getState().paused_at === null && !ended.signal.aborted)
      timer = setTimeout(() => void fetch(true), ms);
  };
  const soon = () => {
    if (asking) again = true;
    else void fetch(false);
  };

  return {
    store,
    show(first, last) {
      onScreen = { first, last };
      soon();
    },
    ask(change) {
      store.setState(({ query }) => ({ query: { ...query, ...change }, error: null }));
      // An answer to the question before is of no use any more.
      asking?.abort();
      asking = null;
      again = false;
      void fetch(true);
    },
    pause(paused_at) {
      store.setState({ paused_at });
      soonFresh();
    },
    live(live) {
      const was = isLive;
      isLive = live;
      // One more time after the end: the last records came with it.
      if (live || was) soonFresh();
    },
    read: (from, count) => ask({ ...store.getState().query, ...until(), from, count }, ended.signal),
    open() {
      if (!ended.signal.aborted) return;
      ended = new AbortController();
      asking = null;
      void fetch(true);
    },
    close() {
      clearTimeout(timer);
      ended.abort();
    },
  };

  function soonFresh(): void {
    asking?.abort();
    asking = null;
    void fetch(true);
  }
}

/** The run of pages on screen that are not here; null when all are. */
function wantedPages(
  { first, last }: { first: number; last: number },
  pages: ReadonlyMap<number, unknown>,
): { first: number; count: number } | null {
  const from = Math.floor(first / PAGE);
  const to = Math.floor(last / PAGE);
  const missing: number[] = [];
  for (let page = from; page <= to; page++) if (!pages.has(page)) missing.push(page);
  const [head] = missing;
  return head === undefined ? null : { first: head, count: (missing.at(-1) ?? head) - head + 1 };
}

function merge(
  state: RowsState,
  query: RowsQuery,
  { first, count }: { first: number; count: number },
  answer: TraceRows,
  fresh: boolean,
): Partial<RowsState> {
  // Rows that moved make what else is here wrong; it is asked for again when it comes on screen.
  const keep = !fresh && state.answered === query && state.dropped === answer.dropped;
  const pages = new Map(keep ? state.pages : []);
  for (let at = 0; at < count; at++) {
    const rows = answer.rows.slice(at * PAGE, (at + 1) * PAGE);
    // What was fetched last is given up last.
    pages.delete(first + at);
    if (rows.length > 0) pages.set(first + at, rows);
  }
  for (const page of pages.keys()) {
    if (pages.size <= PAGES_KEPT) break;
    pages.delete(page);
  }
  const { columns, total, matching, dropped } = answer;
  const row_columns = query.group_by.length === 0 ? columns : state.row_columns;
  return { answered: query, columns, row_columns, pages, total, matching, dropped, error: null };
}

/** A row that is here; undefined for one that was not fetched. */
export function rowAt({ pages }: Pick<RowsState, "pages">, index: number): readonly unknown[] | undefined {
  return pages.get(Math.floor(index / PAGE))?.[index % PAGE];
}
