/** `/proc/net/snmp` and `/proc/net/netstat`: pairs of lines, names above values, both under a group's word. */
import type { Parsed } from "../../parse.ts";
import { splitLines } from "./lines.ts";
import { quote, Warnings } from "./warnings.ts";

export interface CounterRow {
  /** `Ip`, `Tcp`, `TcpExt`, … */
  group: string;
  name: string;
  /** Decimal text; may be negative (`MaxConn -1`) or exceed 2^53. */
  value: string;
}

export function pairedLines(text: string): Parsed<CounterRow[]> {
  const warnings = new Warnings();
  const value: CounterRow[] = [];
  const lines = splitLines(text);
  for (let i = 0; i < lines.length; i += 1) {
    const [group = "", ...names] = (lines[i] ?? "").trim().split(/\s+/);
    const [same, ...values] = (lines[i + 1] ?? "").trim().split(/\s+/);
    if (group === "") continue;
    const fits = group.endsWith(":") && same === group && values.every((word) => /^-?\d{1,20}$/.test(word));
    if (!fits) {
      warnings.add("odd-line", `No line of values belongs to ${quote(lines[i] ?? "")}.`, `line ${i + 1}`);
      continue;
    }
    if (names.length !== values.length) {
      warnings.add("uneven-lines", `${names.length} names, ${values.length} values.`, `line ${i + 1}`);
    }
    names.slice(0, values.length).forEach((name, index) => {
      value.push({ group: group.slice(0, -1), name, value: values[index] ?? "0" });
    });
    i += 1;
  }
  return { value, warnings: warnings.list() };
}
