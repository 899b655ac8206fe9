/** Members that several bpftool lists share. */
import type { Fields } from "./fields.ts";

/** A process that holds a file descriptor of the object, as bpftool's own iterator saw it. */
export interface Holder {
  pid: number;
  comm: string;
}

/** `pids`: present only when bpftool could load its iterator (kernel 5.8, root, bpftool built with it). */
export function holders(row: Fields): Holder[] {
  return row.rows("pids", (holder) => ({ pid: holder.needInt("pid"), comm: holder.text("comm") ?? "" }));
}
