/** `ip -j netns list-id` or `ip -j netns`: namespace ids and names as the node's namespace knows them. */
import { defineParser } from "../parse.ts";
import { jsonRows } from "./lib/rows.ts";

export interface NetnsIdRow {
  /** What `link_netnsid` of an interface refers to. */
  nsid: number | null;
  name: string | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "net.netns": NetnsIdRow[];
  }
}

export default defineParser({
  section: "net.netns",
  parse: (text) =>
    jsonRows(
      text,
      (row): NetnsIdRow => ({
        // `list-id` says nsid, plain `netns` says id.
        nsid: row.int("nsid") ?? row.int("id"),
        name: row.text("name"),
        raw: row.raw,
      }),
      { empty_is_none: true },
    ),
});
