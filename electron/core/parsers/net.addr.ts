/** `ip -j addr show`: addresses of each interface. Other members repeat `net.link` and are not read. */
import { defineParser } from "../parse.ts";
import { jsonRows } from "./lib/rows.ts";

export interface NetAddrRow {
  ifindex: number;
  ifname: string;
  addresses: {
    /** `inet` or `inet6`. */
    family: string | null;
    local: string;
    prefixlen: number | null;
    scope: string | null;
    /** Point-to-point peer. */
    address: string | null;
  }[];
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "net.addr": NetAddrRow[];
  }
}

export default defineParser({
  section: "net.addr",
  parse: (text) =>
    jsonRows(text, (row): NetAddrRow | null => {
      if (Object.keys(row.raw).length === 0) return null;
      return {
        ifindex: row.needInt("ifindex"),
        ifname: row.needText("ifname"),
        // ip prints {} for an address its filters left out.
        addresses: row.rows("addr_info", (addr) =>
          Object.keys(addr.raw).length === 0
            ? null
            : {
                family: addr.text("family"),
                local: addr.needText("local"),
                prefixlen: addr.int("prefixlen"),
                scope: addr.text("scope"),
                address: addr.text("address"),
              },
        ),
        raw: row.raw,
      };
    }),
});
