/**
 * Opens several nodes of a session: all are added at once, some connect and collect at a time.
 *
 * Each is a node like any other; only the moment it starts is chosen here. A node keeps its turn until its
 * first picture or failure, and lends it to others while it waits for a person.
 */
import type { EventBody } from "../../core/journal/events.ts";
import type { Journal } from "../journal/journal.ts";
import { cancelled } from "./prompts.ts";
import type { Session } from "./session.ts";
import type { Target } from "./targets.ts";
import { createTurns, type Turn } from "./turns.ts";
import type { Connect, NodeWork } from "./work.ts";

export interface OpenManyOptions {
  /** How many at a time. */
  concurrency: number;
  /** Name the nodes are opened under. */
  group?: string;
}

/** Ids of the nodes, in the order of the targets. */
export function openMany(
  session: Pick<Session, "connect" | "journal">,
  targets: readonly Target[],
  work: NodeWork,
  { concurrency, group }: OpenManyOptions,
): string[] {
  const newTurn = createTurns(concurrency);
  const turns = new Map<string, Turn>();
  const before = session.journal.last_seq;
  const nodes = targets.map((target) => {
    const turn = newTurn();
    const node = session.connect({ ...target, connect: inTurn(target, turn) }, lendInTurn(work, turn), group);
    turns.set(node, turn);
    return node;
  });
  void giveBack(session.journal, before, turns);
  return nodes;
}

/** The same way of connecting, once it is its turn. */
function inTurn({ connect, label }: Target, turn: Turn): Connect {
  return async (context) => {
    await turn.take(context.signal).catch(() => {
      throw cancelled(label);
    });
    return connect(context);
  };
}

/** After the question whether a tool may be lent, a node waits for a place: many are answered at one go. */
function lendInTurn(work: NodeWork, turn: Turn): NodeWork {
  return {
    ...work,
    ensureBpftool: (transport, context) => {
      const ask: typeof context.ask = async (prompt) => {
        const answer = await context.ask(prompt);
        await turn.again(context.signal);
        return answer;
      };
      return work.ensureBpftool(transport, { ...context, ask });
    },
  };
}

/** Follows the record until the last node is through: everything that matters to a turn is said there. */
async function giveBack(journal: Journal, after_seq: number, turns: Map<string, Turn>): Promise<void> {
  try {
    for await (const events of journal.subscribe(after_seq, new AbortController().signal)) {
      for (const event of events) {
        if ("node" in event && follow(event, turns.get(event.node))) turns.delete(event.node);
      }
      if (turns.size === 0) return;
    }
  } catch {
    // The session cannot be written: its nodes are told so and end by themselves.
  } finally {
    for (const turn of turns.values()) turn.release();
  }
}

/** True when the node is through. */
function follow(event: EventBody, turn: Turn | undefined): boolean {
  switch (event.type) {
    case "connection.prompt":
      turn?.pause();
      return false;
    case "connection.phase":
      // A step of the login after a question of it; what is asked later is waited out by `lendInTurn`.
      if (event.phase !== "collecting") turn?.resume();
      return false;
    case "connection.ready":
      turn?.resume();
      return false;
    case "connection.lost":
    case "connection.failed":
    case "connection.closed":
    case "collect.finished":
    case "collect.failed":
      turn?.release();
      return true;
    default:
      return false;
  }
}
