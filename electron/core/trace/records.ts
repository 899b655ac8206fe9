/** All records of one run of a tracer, a table a name. */
import type { TraceNames } from "./names.ts";
import type { TraceSchema } from "./protocol.ts";
import { queryRows, type RowPage, type RowQuery } from "./query.ts";
import { RecordTable, type TableLimits } from "./table.ts";

/** A tracer has not more kinds of records than this, whatever it declares. */
const MAX_RECORDS = 32;

export class TraceRecords {
  private readonly tables: ReadonlyMap<string, RecordTable>;

  constructor(schema: Pick<TraceSchema, "records">, limits?: TableLimits) {
    const records = Object.entries(schema.records).slice(0, MAX_RECORDS);
    this.tables = new Map(records.map(([name, record]) => [name, new RecordTable(record, limits)]));
  }

  add(name: string, members: Readonly<Record<string, unknown>>): void {
    this.tables.get(name)?.add(members);
  }

  /** Records of each name that came so far, also those that replaced another. */
  arrived(): Record<string, number> {
    return Object.fromEntries([...this.tables].map(([name, table]) => [name, table.arrived]));
  }

  /** Null when there is no record of that name. */
  query(name: string, query: RowQuery, names: TraceNames): RowPage | null {
    const table = this.tables.get(name);
    return table ? queryRows(table, query, names) : null;
  }
}
