/**
 * A trace for a person's terminal: events as they come under the names of their columns, totals and the summary at the
 * end. Lines are only added, never moved; on a terminal not more of them in a second than can be followed. Text of the
 * node is made visible.
 */
import { visibleText } from "../core/text/visible.ts";
import type { TracerManifest, TracerRecord } from "../core/trace/manifest.ts";
import { namesOf } from "../core/trace/names.ts";
import type { TraceSchema } from "../core/trace/protocol.ts";
import { TraceReader } from "../core/trace/reader.ts";
import { TraceRecords } from "../core/trace/records.ts";
import { print } from "./out.ts";
import { type Paint, paint } from "./paint.ts";
import { columnsOf, heading, type PrintedColumn, printedRow } from "./trace-columns.ts";
import { summaryLines } from "./trace-summary.ts";

/** Rows shown in a second on a terminal. */
const ROWS_A_SECOND = 30;
/** Rows of totals shown at the end. */
const TOTALS = 40;

interface Node {
  reader: TraceReader;
  totals: TraceRecords | null;
  /** Lines to print after the events. */
  last: string[];
}

export class TraceTable {
  private readonly manifest: TracerManifest;
  /** Names of the targets when there are several. */
  private readonly targets: readonly string[] | null;
  private readonly p: Paint;
  private readonly columns = new Map<string, PrintedColumn[]>();
  private readonly nodes = new Map<string, Node>();
  private out: string[] = [];
  /** The record whose heading is the last. */
  private under: string | null = null;
  private second = 0;
  private shown = 0;
  private passed = 0;

  constructor(manifest: TracerManifest, targets: readonly string[] | null, { color }: { color: boolean }) {
    this.manifest = manifest;
    this.targets = targets;
    this.p = paint(color && !process.env.NO_COLOR && process.stdout.isTTY);
  }

  /** Prints what is to be printed of these lines; `say` is for what a person must know. */
  async lines(name: string, lines: readonly string[], say: (line: string) => void): Promise<void> {
    const node = this.nodes.get(name) ?? this.begin(name, say);
    for (const line of lines) node.reader.push(Buffer.from(`${line}\n`));
    await this.flush();
  }

  /** Prints totals and summaries. */
  async end(): Promise<void> {
    this.tellPassed();
    for (const { last } of this.nodes.values()) this.out.push(...last);
    await this.flush();
  }

  private begin(name: string, say: (line: string) => void): Node {
    const prefix = this.targets ? `${name}: ` : "";
    const node: Node = {
      totals: null,
      last: [],
      reader: new TraceReader(
        {
          schema: (schema) => {
            node.totals = new TraceRecords({ records: totalsOf(schema) });
            say(`${prefix}${schema.variant} on kernel ${schema.kernel}: proves ${schema.proves}`);
            for (const { wanted, why } of schema.fallbacks) say(`${prefix}not ${wanted}: ${why}`);
          },
          record: (record, members) => {
            const declared = this.manifest.records[record];
            if (declared?.kind === "total") node.totals?.add(record, members);
            else if (declared) this.event(name, record, declared, members);
          },
          stats: () => {},
          note: ({ message }) => say(`${prefix}${message}`),
          summary: (summary) => {
            node.last = [...this.totals(name, node), ...summaryLines(summary, prefix, this.p)];
          },
          error: () => {},
        },
        () => Date.now() * 1000,
      ),
    };
    this.nodes.set(name, node);
    return node;
  }

  private event(
    name: string,
    record: string,
    declared: TracerRecord,
    members: Readonly<Record<string, unknown>>,
  ): void {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.second) {
      this.tellPassed();
      this.second = second;
      this.shown = 0;
    }
    this.shown += 1;
    if (process.stdout.isTTY && this.shown > ROWS_A_SECOND) {
      this.passed += 1;
      return;
    }
    const columns = this.columnsOf(record, declared);
    if (this.under !== record) this.out.push(heading(columns, this.p));
    this.under = record;
    this.out.push(printedRow(columns, { ...members, node: name }));
  }

  private tellPassed(): void {
    if (this.passed > 0) this.out.push(this.p.dim(`… ${this.passed} more in that second (all of them with --json)`));
    this.passed = 0;
  }

  private columnsOf(record: string, declared: TracerRecord): PrintedColumn[] {
    const known = this.columns.get(record);
    if (known) return known;
    const longest = this.targets && Math.max(...this.targets.map((target) => target.length));
    // What is no terminal has room for all of them.
    const made = columnsOf(declared, process.stdout.columns ?? Number.POSITIVE_INFINITY, longest);
    this.columns.set(record, made);
    return made;
  }

  /** The last of each key, those with the largest number first. */
  private totals(name: string, { totals }: Node): string[] {
    return Object.entries(this.manifest.records).flatMap(([record, declared]) => {
      if (declared.kind !== "total") return [];
      const largest = declared.fields.find(({ type, key }) => type === "u64" && !key)?.name;
      const sort = largest ? [{ column: largest, descending: true }] : [];
      const query = { from: 0, count: TOTALS, sort, filter: "", group_by: [] };
      const page = totals?.query(record, query, namesOf(null));
      if (!page || page.total === 0) return [];
      const columns = this.columnsOf(record, declared);
      const rows = page.rows.map((row) => Object.fromEntries(page.columns.map((column, at) => [column, row[at]])));
      const more = page.total - page.rows.length;
      return [
        "",
        this.p.bold(visibleText(declared.title)),
        heading(columns, this.p),
        ...rows.map((row) => printedRow(columns, { ...row, node: name })),
        ...(more > 0 ? [this.p.dim(`… and ${more} more (all of them with --json)`)] : []),
      ];
    });
  }

  private async flush(): Promise<void> {
    const lines = this.out;
    this.out = [];
    if (lines.length > 0) await print(`${lines.join("\n")}\n`);
  }
}

/** Those of kind total, with what the host joined to their lines. */
function totalsOf({ records }: TraceSchema): TraceSchema["records"] {
  const totals = Object.entries(records).filter(([, { kind }]) => kind === "total");
  const joined = ["pod", "container"].map((name) => ({ name, type: "text" as const }));
  return Object.fromEntries(
    totals.map(([name, { kind, fields }]) => {
      const own = new Set(fields.map((field) => field.name));
      return [name, { kind, fields: [...fields, ...joined.filter((field) => !own.has(field.name))] }];
    }),
  );
}
