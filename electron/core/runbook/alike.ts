/**
 * What several nodes have in common: the same conclusion about the same thing on many of them is one cause, such as an
 * upgrade; on one alone it is that node's own. Pure.
 */
import type { CommonSubject } from "../fleet/common-subject.ts";
import { WORST_FIRST } from "./batch.ts";
import type { RunbookVerdict, VerdictWord } from "./types.ts";

/** What one node's run concluded. */
export interface Concluded {
  node: string;
  verdicts: readonly Pick<RunbookVerdict, "verdict" | "kind" | "subject">[];
  inCommon: CommonSubject;
}

/** By the worst word it has there; a node is in one of them. */
type OnNodes = Readonly<Record<VerdictWord, readonly string[]>>;

export interface Alike {
  kind: string;
  /** The worst on any node. */
  worst: VerdictWord;
  nodes: OnNodes;
  /** What it is about in words that fit all nodes; those on the most nodes first. */
  subjects: readonly { text: string; worst: VerdictWord; nodes: OnNodes }[];
}

/** One for each kind that is not ruled out everywhere it was judged; the worst first, then those on the most nodes. */
export function alikeOn(nodes: readonly Concluded[]): Alike[] {
  const kinds = new Map<string, { all: Tracked; subjects: Map<string, Tracked> }>();
  for (const { node, verdicts, inCommon } of nodes) {
    for (const { verdict, kind, subject } of verdicts) {
      if (verdict === "ruled_out") continue;
      const known = kinds.get(kind) ?? { all: new Map(), subjects: new Map() };
      kinds.set(kind, known);
      const text = inCommon(subject);
      const same = known.subjects.get(text) ?? new Map();
      known.subjects.set(text, same);
      keepWorst(known.all, node, verdict);
      keepWorst(same, node, verdict);
    }
  }
  return [...kinds]
    .map(([kind, { all, subjects }]) => ({
      kind,
      ...onNodes(all),
      subjects: [...subjects].map(([text, tracked]) => ({ text, ...onNodes(tracked) })).sort(mostNodesFirst),
    }))
    .sort((a, b) => WORST_FIRST.indexOf(a.worst) - WORST_FIRST.indexOf(b.worst) || mostNodesFirst(a, b));
}

/** On how many nodes it is, whatever the word. */
export function nodesOf(nodes: OnNodes): readonly string[] {
  return WORST_FIRST.flatMap((word) => nodes[word]);
}

/** Worst word by node. */
type Tracked = Map<string, VerdictWord>;

function keepWorst(words: Tracked, node: string, word: VerdictWord): void {
  const before = words.get(node);
  if (before === undefined || WORST_FIRST.indexOf(word) < WORST_FIRST.indexOf(before)) words.set(node, word);
}

function onNodes(words: Tracked): { worst: VerdictWord; nodes: OnNodes } {
  const of = (word: VerdictWord) => [...words].flatMap(([node, its]) => (its === word ? [node] : []));
  const nodes = {
    confirmed: of("confirmed"),
    likely: of("likely"),
    cannot_tell: of("cannot_tell"),
    ruled_out: of("ruled_out"),
  };
  return { worst: WORST_FIRST.find((word) => nodes[word].length > 0) ?? "cannot_tell", nodes };
}

const mostNodesFirst = (a: { nodes: OnNodes }, b: { nodes: OnNodes }) =>
  nodesOf(b.nodes).length - nodesOf(a.nodes).length;
