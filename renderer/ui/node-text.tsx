/**
 * The only way text from a node reaches the screen: as text, with control characters and bidi
 * overrides made visible, isolated from the direction of what surrounds it. Never HTML.
 */
import { visibleParts, visibleText } from "../../electron/core/text/visible.ts";

export interface NodeTextProps {
  text: string;
  /** Keep line feeds and tabs, for blocks of output. */
  lines?: boolean;
  /** Kernel names and ids are shown in the fixed-width font. */
  mono?: boolean;
  className?: string;
  /** Tooltip with the whole text, for places that cut it. */
  titled?: boolean;
  /** Not for screen readers, because a label says the same. */
  silent?: boolean;
}

export function NodeText({ text, lines = false, mono = false, className, titled = false, silent }: NodeTextProps) {
  const classes = [mono ? "mono" : "", className ?? ""].filter(Boolean).join(" ");
  return (
    <bdi className={classes || undefined} title={titled ? visibleText(text) : undefined} aria-hidden={silent}>
      {visibleParts(text, lines).map((part, at) =>
        part.unsafe === null ? (
          part.text
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of one immutable string have no other identity
          <span key={at} className="glyph-unsafe" title={part.unsafe}>
            {part.text}
          </span>
        ),
      )}
    </bdi>
  );
}
