/** `tc -j -s qdisc show`: queueing disciplines of one namespace; drops of a clsact one are BPF's drops. */
import { defineParser } from "../parse.ts";
import { jsonRows } from "./lib/rows.ts";

export interface QdiscRow {
  kind: string;
  /** e.g. `ffff:`, `8042:`; `0:` for the kernel's own. */
  handle: string | null;
  /** Null when tc was asked for one device and does not repeat it. */
  dev: string | null;
  /** `ffff:fff1` for clsact and ingress, `:28` (hexadecimal, without a major) for a queue of mq. */
  parent: string | null;
  root: boolean;
  /** Shared filter blocks. */
  ingress_block: number | null;
  egress_block: number | null;
  bytes: string | null;
  packets: string | null;
  drops: string | null;
  overlimits: string | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "tc.qdisc": QdiscRow[];
  }
}

export default defineParser({
  section: "tc.qdisc",
  parse: (text) =>
    jsonRows(
      text,
      (row): QdiscRow | null => {
        if (Object.keys(row.raw).length === 0) return null;
        return {
          kind: row.needText("kind"),
          handle: row.text("handle"),
          dev: row.text("dev"),
          parent: row.text("parent"),
          root: row.flag("root") ?? false,
          ingress_block: row.int("ingress_block"),
          egress_block: row.int("egress_block"),
          bytes: row.decimal("bytes"),
          packets: row.decimal("packets"),
          drops: row.decimal("drops"),
          overlimits: row.decimal("overlimits"),
          raw: row.raw,
        };
      },
      { empty_is_none: true },
    ),
});
