/**
 * The wire format between the collector script on a node and the host: shapes only.
 *
 * The script writes, on its stdout, for every section it runs:
 *
 *     \x1e<nonce> begin <section> <scope> max=<max_bytes>\n
 *     …the section's stdout, at most `max_bytes` and one byte more: the byte that tells it was cut…
 *     \n\x1e<nonce> err <section> <scope>\n
 *     …the section's stderr, at most 4 KiB…
 *     \n\x1e<nonce> end <section> <scope> exit=<code> ms=<wall>\n
 *
 * and finally `\x1e<nonce> done ms=<wall>\n`. `<nonce>` is random per run, so that no output of a
 * tool (or a banner of the login shell) can imitate a frame. `<scope>` is `node` or
 * `netns:<inode>`. Everything outside frames is noise of the login shell and is kept apart.
 */

/** Where a section was run: in the node's own namespaces or in one network namespace. */
export type Scope = "node" | `netns:${string}`;

/** One finished (or cut off) section as it came from a node. */
export interface SectionResult {
  section: string;
  scope: Scope;
  /** Exit status; 124 is the section's time limit; null when the stream ended inside the section. */
  exit: number | null;
  /** Wall time on the node in ms, null when the stream ended inside the section. */
  ms: number | null;
  /** True when the output was cut at the section's size limit or by the end of the stream. */
  truncated: boolean;
  stdout: string;
  stderr: string;
}

/** Everything one collect run brought back. */
export interface Collected {
  /** Sections in the order they arrived. */
  sections: SectionResult[];
  /** False when the stream ended before the `done` frame. */
  complete: boolean;
  /** Bytes outside frames (login banners, profile noise), cut to 4 KiB. */
  noise: string;
}
