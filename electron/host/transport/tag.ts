/** The tag of one connection: every process it starts on a node carries it. Its form is `core/residue/tag.ts`. */
import { randomBytes } from "node:crypto";
import { formatTag } from "../../core/residue/tag.ts";

/** Twelve hexadecimal digits that nobody else has. */
export function randomId(): string {
  return randomBytes(6).toString("hex");
}

/** A tag for one more connection of this installation. */
export function newTag(installation: string): string {
  return formatTag({ installation, connection: randomId() });
}
