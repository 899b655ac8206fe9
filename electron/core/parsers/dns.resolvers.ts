/**
 * What is configured as resolver: lines of resolv.conf after where each is from (`node`, `upstream`: what systemd-resolved
 * asks, `kubelet`, or the file of one process as `grep -H` names it). `namespace` is no line of the file: the mount
 * namespace of that process, told of each that is not in the node's own. One row a line.
 */
import { defineParser } from "../parse.ts";
import { lineRows } from "./lib/lines.ts";

export interface DnsResolverRow {
  source: "node" | "upstream" | "kubelet" | "process";
  /** Whose root directory it was read in. */
  pid: number | null;
  option: "nameserver" | "search" | "domain" | "options" | "namespace";
  values: string[];
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "dns.resolvers": DnsResolverRow[];
  }
}

const LINE =
  /^(?:(node|upstream|kubelet) |\/proc\/(\d{1,10})\/root\/etc\/resolv\.conf:)[ \t]*(nameserver|search|domain|options|namespace)[ \t]+(\S.*)$/;

export default defineParser({
  section: "dns.resolvers",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): DnsResolverRow | undefined => {
      const [, place, pid, option, rest] = LINE.exec(line) ?? [];
      if (rest === undefined) return undefined;
      // A comment may follow; resolv.conf(5) knows `;` and `#`.
      const values =
        rest
          .split(/[ \t]*[;#]/)[0]
          ?.trim()
          .split(/[ \t]+/) ?? [];
      return {
        source: pid === undefined ? (place as "node" | "upstream" | "kubelet") : "process",
        pid: pid === undefined ? null : Number(pid),
        option: option as DnsResolverRow["option"],
        values: values.filter((value) => value !== ""),
        raw: line,
      };
    }),
});
