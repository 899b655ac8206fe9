/**
 * What every parser of tool output gives back.
 *
 * A parser is pure: text in, rows and warnings out. It never throws on any input.
 * What it cannot read becomes a warning and the rows that were good are kept.
 */

/** A remark about input that was odd but survivable. */
export interface Warning {
  /** Stable id, e.g. `json-after-noise`, `truncated`, `unknown-field`, `missing-field`. */
  code: string;
  /** One sentence a person can act on. Node text in it is shown escaped by the views. */
  message: string;
  /** Where in the input, e.g. `[3].options.prog` or `line 12`. */
  path?: string;
}

/** Rows that were read and what was odd on the way. */
export interface Parsed<T> {
  value: T;
  warnings: Warning[];
}

/**
 * A parser of one collector section.
 * `Section` is the section's id in `resources/collect`; the row type is declared by the parser's
 * own file by merging into {@link SectionFacts}, so adding a parser edits no list.
 */
export interface SectionParser<Section extends keyof SectionFacts = keyof SectionFacts> {
  section: Section;
  /** True when the section is lines: a last line that was cut off is dropped before parsing. */
  lines?: boolean;
  parse(text: string): Parsed<SectionFacts[Section]>;
}

/** Identity function that gives a parser file its types. Each parser file default-exports one. */
export function defineParser<Section extends keyof SectionFacts>(
  parser: SectionParser<Section>,
): SectionParser<Section> {
  return parser;
}

/**
 * Section id → type of its parsed value. Empty here on purpose: each file in `parsers/` merges
 * its own entry (`declare module '../parse.ts' { interface SectionFacts { 'bpf.prog': ProgRow[] } }`).
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface SectionFacts {}
