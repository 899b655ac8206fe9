/** Names of `/var/log/pods`: `<namespace>_<name>_<uid>`, the kubelet's own. */
import { defineParser } from "../parse.ts";
import { lineRows } from "./lib/lines.ts";

export interface PodLogRow {
  namespace: string;
  name: string;
  /** With dashes; a static pod has 32 hexadecimal digits without (the hash of its manifest). */
  uid: string;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "k8s.podlogs": PodLogRow[];
  }
}

// Neither namespace nor name may hold an underscore (RFC 1123 names).
const NAME = /^([^_/]+)_([^_/]+)_([^_/]+)\/?$/;

export default defineParser({
  section: "k8s.podlogs",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): PodLogRow | undefined => {
      const [, namespace, name, uid] = NAME.exec(line) ?? [];
      return namespace && name && uid ? { namespace, name, uid, raw: line } : undefined;
    }),
});
