/** `bpftool -j cgroup tree`: programs attached to each cgroup, one row an attachment, in attach order. */
import { defineParser, type Parsed } from "../parse.ts";
import { documentRows, openJson } from "./lib/rows.ts";

export interface CgroupRow {
  /** Directory as printed, below the cgroup2 mount point (`/sys/fs/cgroup/…`). */
  cgroup: string;
  id: number;
  /** `cgroup_inet_ingress`, `connect4` (old bpftool), or a number as text. */
  attach_type: string | null;
  /** `multi`, `override` or "" (exclusive). */
  attach_flags: string;
  name: string | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "bpf.cgroup": CgroupRow[];
  }
}

export default defineParser({ section: "bpf.cgroup", parse });

function parse(text: string): Parsed<CgroupRow[]> {
  const { documents, context } = openJson(text);
  const value = documents.flatMap(({ document, path }) =>
    documentRows(
      document,
      path,
      context,
      (group) => {
        const cgroup = group.needText("cgroup");
        return group.rows(
          "programs",
          (row): CgroupRow => ({
            cgroup,
            id: row.needInt("id"),
            attach_type: row.text("attach_type"),
            attach_flags: row.text("attach_flags") ?? "",
            name: row.text("name"),
            raw: row.raw,
          }),
        );
      },
      { keep_cut: true },
    ).flat(),
  );
  return { value, warnings: context.warnings.list() };
}
