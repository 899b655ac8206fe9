/** Inode of a namespace from `net:[4026531840]`, as readlink prints it, or from the bare number; else null. */
export function netnsInode(text: string | null | undefined): string | null {
  const digits = text?.match(/^(?:net:\[(\d{1,20})\]|(\d{1,20}))$/);
  return digits?.[1] ?? digits?.[2] ?? null;
}
