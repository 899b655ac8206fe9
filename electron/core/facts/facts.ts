/**
 * From what a collect run brought back to typed facts, section by section.
 *
 * Total: whatever a section holds, the others are read. It judges nothing and joins nothing; that is
 * the model's work.
 */
import type { Collected, SectionResult } from "../collect/frames.ts";
import type { SectionState } from "../model/types.ts";
import type { Parsed, SectionFacts, SectionParser, Warning } from "../parse.ts";
import { remarksOn } from "./remarks.ts";

export interface Facts {
  /** Sections of the node's own namespaces; a section that did not arrive is absent. */
  node: Partial<SectionFacts>;
  /** Sections of other network namespaces, by the namespace's inode. */
  netns: ReadonlyMap<string, Partial<SectionFacts>>;
  /** One state a section that arrived, in order. */
  states: SectionState[];
  /** What the login shell printed around the frames. */
  noise: string;
  /** False when the connection ended before the script did. */
  complete: boolean;
}

const parsers: ReadonlyMap<string, SectionParser> = new Map(
  Object.values(
    import.meta.glob<SectionParser>(["../parsers/*.ts", "!../parsers/*.test.ts"], { eager: true, import: "default" }),
  ).map((parser) => [parser.section, parser]),
);

/** Every parser, by its section's id: for tests and for "what is read from my node". */
export function allParsers(): ReadonlyMap<string, SectionParser> {
  return parsers;
}

/**
 * What was parsed of a section, for as long as the section is held: progress, the first picture and the
 * one with the follow-up all read the same answers. Facts are shared, so nobody may change them.
 */
const known = new WeakMap<SectionResult, Parsed<unknown> | null>();

/**
 * Parses every section. Never throws. When a section came twice for one scope the later one counts.
 */
export function readFacts(collected: Collected): Facts {
  const node: Partial<SectionFacts> = {};
  const netns = new Map<string, Partial<SectionFacts>>();
  const states = collected.sections.map((result) => {
    const parsed = parseSection(result);
    if (parsed) Object.assign(factsOf(result.scope, node, netns), { [result.section]: parsed.value });
    return stateOf(result, parsed);
  });
  return { node, netns, states, noise: collected.noise, complete: collected.complete };
}

/** The state of one section alone, for progress while the others are still arriving. */
export function readSectionState(result: SectionResult): SectionState {
  return stateOf(result, parseSection(result));
}

function parseSection(result: SectionResult): Parsed<unknown> | null {
  const before = known.get(result);
  if (before !== undefined) return before;
  const parsed = parse(result);
  known.set(result, parsed);
  return parsed;
}

function parse(result: SectionResult): Parsed<unknown> | null {
  const parser = parsers.get(result.section);
  if (!parser) return null;
  try {
    return parser.parse(parser.lines && result.truncated ? wholeLines(result.stdout) : result.stdout);
  } catch (problem) {
    // A parser must not throw; if one does, its section is lost and the picture is not.
    const message = `This section could not be read: ${problem instanceof Error ? problem.message : "unknown"}.`;
    return { value: undefined, warnings: [{ code: "parser-failed", message }] };
  }
}

function stateOf(result: SectionResult, parsed: Parsed<unknown> | null): SectionState {
  const unknown: Warning[] = parsed
    ? []
    : [{ code: "no-parser", message: `This version does not know the section ${result.section}.` }];
  return {
    section: result.section,
    scope: result.scope,
    ok: result.exit === 0 && !result.truncated && parsed !== null && parsed.value !== undefined,
    exit: result.exit,
    ms: result.ms,
    bytes: result.stdout.length,
    truncated: result.truncated,
    warnings: [...remarksOn(result), ...unknown, ...(parsed?.warnings ?? [])],
  };
}

function factsOf(
  scope: string,
  node: Partial<SectionFacts>,
  netns: Map<string, Partial<SectionFacts>>,
): Partial<SectionFacts> {
  if (!scope.startsWith("netns:")) return node;
  const inode = scope.slice("netns:".length);
  const before = netns.get(inode);
  if (before) return before;
  const fresh: Partial<SectionFacts> = {};
  netns.set(inode, fresh);
  return fresh;
}

/** Without the last line when it was cut: half a line can look like a whole one. */
function wholeLines(text: string): string {
  return text.slice(0, text.lastIndexOf("\n") + 1);
}
