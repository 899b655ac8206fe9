/** Lines of `/proc/<pid>/mountinfo` in file order: bpf and cgroup mounts, and what lies around them. */
import { defineParser } from "../parse.ts";
import { lineRows, toInt } from "./lib/lines.ts";

export interface MountRow {
  mount_id: number;
  parent_id: number;
  /** `major:minor` of the filesystem: equal for two mounts of one filesystem. */
  device: string;
  /** Root of the mount within its filesystem. */
  root: string;
  mount_point: string;
  options: string[];
  /** `bpf`, `cgroup2`, … */
  fs_type: string;
  source: string;
  super_options: string[];
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "node.mounts": MountRow[];
  }
}

export default defineParser({ section: "node.mounts", lines: true, parse: (text) => lineRows(text, mountRow) });

function mountRow(line: string): MountRow | undefined {
  const words = line.split(" ");
  // Optional fields (shared:, master:, …) of any number end with a single "-".
  const dash = words.indexOf("-", 6);
  const mount_id = toInt(words[0]);
  const parent_id = toInt(words[1]);
  const [device, root, mount_point, options] = words.slice(2, 6);
  const [fs_type, source, super_options] = words.slice(dash + 1);
  if (mount_id === null || parent_id === null || dash < 0) return undefined;
  if (!device || !root || !mount_point || !options || !fs_type || source === undefined) return undefined;
  return {
    mount_id,
    parent_id,
    device,
    root: unescapeOctal(root),
    mount_point: unescapeOctal(mount_point),
    options: options.split(","),
    fs_type,
    source: unescapeOctal(source),
    super_options: super_options ? super_options.split(",") : [],
    raw: line,
  };
}

/**
 * The kernel writes blank, TAB, newline and backslash of paths as `\040`, `\011`, `\012`, `\134`
 * (seq_path in fs/seq_file.c); other bytes stay as they are.
 */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
