/**
 * The tag every process of bpfdesk carries on a node, as `BPFDESK_TAG` in its environment:
 * `bpfdesk.<installation>.<connection>`, each twelve lower-case hexadecimal digits. Not a secret, and no proof
 * of anything but a wish: whoever starts a process can give it any tag.
 */

export interface Tag {
  /** Which bpfdesk: one data folder of one person. */
  installation: string;
  /** Which of its connections. */
  connection: string;
}

const TAG = /^bpfdesk\.([0-9a-f]{12})\.([0-9a-f]{12})$/;

/** Null for text that is not exactly a tag. */
export function parseTag(text: string): Tag | null {
  const [, installation, connection] = TAG.exec(text) ?? [];
  return installation === undefined || connection === undefined ? null : { installation, connection };
}

/** Throws a RangeError for parts that no tag can have. */
export function formatTag({ installation, connection }: Tag): string {
  const text = `bpfdesk.${installation}.${connection}`;
  if (!TAG.test(text)) throw new RangeError(`not the parts of a tag: ${JSON.stringify({ installation, connection })}`);
  return text;
}
