/**
 * `#dev <ifname> <ingress|egress>` lines, each followed by the JSON of `tc -j -s filter show`.
 * tc prints every filter twice: a header record without options, then the entry; only entries are rows.
 */
import { defineParser, type Parsed } from "../parse.ts";
import type { Fields } from "./lib/fields.ts";
import type { Json } from "./lib/json.ts";
import { splitMarked } from "./lib/marked.ts";
import { append, jsonRows } from "./lib/rows.ts";
import { quote, Warnings } from "./lib/warnings.ts";

export interface FilterRow {
  dev: string;
  direction: "ingress" | "egress";
  /** `bpf`, `matchall`, `flower`, `u32`, … */
  kind: string;
  /** `all`, `ip`, `ipv6`, `802.1Q`, … */
  protocol: string | null;
  pref: number | null;
  chain: number | null;
  /** Number of the shared block the filter sits on. */
  block: number | null;
  /** As `0x1`, whether tc printed "0x1" or "1"; u32 handles such as `800::800` are left alone. */
  handle: string | null;
  /** The loader's label, e.g. `bpf_lxc.o:[from-container]`. Null for other kinds than bpf. */
  bpf_name: string | null;
  /** bpf: true when the verdict decides, false when it is a classid. Null for other kinds. */
  direct_action: boolean | null;
  prog_id: number | null;
  /** Program name as tc prints it (15 characters). */
  prog_name: string | null;
  prog_tag: string | null;
  jited: boolean | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "tc.filter": FilterRow[];
  }
}

export default defineParser({ section: "tc.filter", parse });

function parse(text: string): Parsed<FilterRow[]> {
  const warnings = new Warnings();
  const value: FilterRow[] = [];
  for (const { words, body } of splitMarked(text, "#dev", warnings)) {
    const [dev, direction, ...rest] = words;
    if (!dev || rest.length > 0 || (direction !== "ingress" && direction !== "egress")) {
      warnings.add("odd-marker", `Not understood: ${quote(`#dev ${words.join(" ")}`)}.`);
      continue;
    }
    const where = `${dev} ${direction} `;
    const parsed = jsonRows(body, (row) => filterRow(row, dev, direction), { empty_is_none: true });
    append(value, parsed.value);
    for (const { code, message, path } of parsed.warnings) warnings.add(code, message, (where + (path ?? "")).trim());
  }
  return { value, warnings: warnings.list() };
}

function filterRow(row: Fields, dev: string, direction: FilterRow["direction"]): FilterRow | null {
  const options = row.object("options");
  if (!options) return null;
  const kind = row.needText("kind");
  // A hash table of u32 holds filters and is none.
  if (kind === "u32" && options.has("ht_divisor")) return null;
  const prog = options.object("prog");
  const bpf = kind === "bpf";
  return {
    dev,
    direction,
    kind,
    protocol: row.text("protocol"),
    pref: row.int("pref"),
    chain: row.int("chain"),
    block: row.int("block"),
    handle: handleOf(options.get("handle") ?? row.get("handle") ?? options.get("fh")),
    bpf_name: bpf ? options.text("bpf_name") : null,
    direct_action: bpf ? (options.flag("direct-action") ?? options.flag("direct_action") ?? false) : null,
    prog_id: prog?.int("id") ?? null,
    prog_name: prog?.text("name") ?? null,
    prog_tag: prog?.text("tag") ?? null,
    jited: prog?.flag("jited") ?? null,
    raw: row.raw,
  };
}

/** bpf prints its handle as "0x1" or "1" (both hexadecimal), flower as a number; u32 as `800::800`. */
function handleOf(handle: Json | undefined): string | null {
  if (typeof handle === "number" && handle >= 0) return `0x${handle.toString(16)}`;
  if (typeof handle !== "string") return null;
  return /^[0-9a-f]+$/i.test(handle) ? `0x${handle}` : handle;
}
