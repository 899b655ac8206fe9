/** Escape sequences for a person's terminal, or nothing at all. Decoration only. */
import type { Finding } from "../core/model/types.ts";

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  /** For what must not be overlooked. */
  alarm(text: string): string;
  severity(severity: Finding["severity"], text: string): string;
}

const codes = { critical: 31, warning: 33, info: 36 } as const;

export function paint(color: boolean): Paint {
  const wrap = (code: number) => (text: string) => (color && text !== "" ? `\x1b[${code}m${text}\x1b[0m` : text);
  return {
    bold: wrap(1),
    dim: wrap(2),
    alarm: wrap(codes.critical),
    severity: (severity, text) => wrap(codes[severity])(text),
  };
}
