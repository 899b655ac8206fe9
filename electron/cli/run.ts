/**
 * One run of the CLI on its targets: start the host, open, work, close, exit code.
 *
 * A picture that is only a part is worked on like any other, but the exit code says error: "nothing
 * found" would claim what was not looked at. One target's answer stands alone; those of several are keyed by
 * target, in the order given, and one that fails hides none of the others.
 */
import { BpfdeskError } from "../core/errors.ts";
import { visibleText } from "../core/text/visible.ts";
import { userDataDir } from "../host/data-dir.ts";
import type { Client } from "../shared/rpc/client.ts";
import { namedTerminal, plainAsker, sharedAsker } from "./asker.ts";
import { EXIT } from "./exit.ts";
import { withHost } from "./host.ts";
import { catchInterrupts, type Interrupt } from "./interrupt.ts";
import { notesOn } from "./notes.ts";
import { type NamedTarget, type Opened, type OpenTarget, openTargets } from "./open.ts";
import { type Plan, planTargets, targetOf } from "./plan.ts";
import { errorData, report } from "./report.ts";
import { openTerminal, type Terminal } from "./terminal.ts";
import { rendered, writeAnswer, writeAnswers } from "./write-answers.ts";

/** Options that every command has. */
export interface Flags {
  identity?: string;
  knownHosts?: string;
  sudo?: boolean;
  session?: string;
  color: boolean;
  json?: boolean;
  lendBpftool?: boolean;
  /** Folder of the team's own runbooks. */
  books?: string;
  /** It is not about the picture: no steps of collecting on stderr, no question what to lend for it. */
  quiet?: boolean;
  concurrency?: number;
}

export interface Run {
  client: Client;
  terminal: Terminal;
  opened: Opened;
  target: OpenTarget;
  /** Aborted at the first interrupt. */
  signal: AbortSignal;
  /** The target as the person gave it. */
  name: string;
  plan: Plan;
}

/** What a command says about a node. */
export interface Answer {
  code: number;
  /** For --json. */
  json?: unknown;
  /** For a person. */
  text?: string;
}

export interface Work {
  /** Before anything is opened; throws when it cannot be done. */
  prepare?(plan: Plan): Promise<void>;
  answer(run: Run): Promise<Answer>;
  /** Told why there is no answer of a target; what a person is told of it is said elsewhere. */
  failed?(name: string, error: unknown): void;
}

/** The targets of a run, open or opening. */
export interface Session {
  /** Aborted at the first interrupt. */
  signal: AbortSignal;
  client: Client;
  terminal: Terminal;
  plan: Plan;
  targets: OpenTarget[];
}

/** Does `work` on the picture of each target. Never rejects; returns the exit code, the worst of all. */
export function runOn(args: readonly string[], flags: Flags, version: string, work: Work): Promise<number> {
  return inSession(args, flags, version, work.prepare, async (session) => {
    const { plan, targets, terminal } = session;
    const [first] = targets;
    if (plan.one && first) return alone(session, first, flags, work);
    let ready = 0;
    const answers = targets.map(async (target) => {
      const answer = await amongOthers(session, target, work);
      ready += 1;
      if (showsProgress(flags)) terminal.say(`${target.name}: done (${ready} of ${targets.length})`);
      return rendered(target.name, answer, flags);
    });
    return writeAnswers(answers, flags);
  });
}

/** Opens what the arguments name, hands it to `use`, and makes errors and signals an exit code. */
export async function inSession(
  args: readonly string[],
  flags: Flags,
  version: string,
  prepare: Work["prepare"],
  use: (session: Session) => Promise<number>,
): Promise<number> {
  const terminal = openTerminal();
  const interrupt = catchInterrupts(terminal.say);
  try {
    const plan = await planTargets(args, userDataDir(), (error) => report(error, terminal));
    const chosen = { sudo: flags.sudo ?? false, ...(flags.identity ? { identity_file: flags.identity } : {}) };
    const named: NamedTarget[] = [];
    for (const name of plan.targets) named.push({ name, target: await targetOf(name, chosen) });
    await prepare?.(plan);
    return await withHost(flags, version, async (client) => {
      const options = openOptions(flags, terminal, interrupt, plan);
      const targets = await openTargets(client, terminal, named, options);
      return use({ signal: interrupt.signal, client, terminal, plan, targets });
    });
  } catch (error) {
    return report(error, terminal);
  } finally {
    interrupt.release();
  }
}

function openOptions(flags: Flags, terminal: Terminal, { signal }: Interrupt, plan: Plan) {
  // A command that prints no picture does not need to see everything.
  const policy = { lend_bpftool: flags.lendBpftool ? "yes" : flags.quiet ? "no" : "ask" } as const;
  return {
    ask: plan.one ? plainAsker(terminal, policy) : sharedAsker(terminal, policy),
    ...(flags.concurrency === undefined ? {} : { concurrency: flags.concurrency }),
    // Every step of one node; of several only that they are done.
    progress: plan.one && showsProgress(flags),
    signal,
  };
}

const showsProgress = (flags: Flags) => !flags.json && !flags.quiet && process.stderr.isTTY;

/** Prints while the node is still open: what it says of the node is said before it is left. */
async function alone({ client, terminal, plan, signal }: Session, target: OpenTarget, flags: Flags, work: Work) {
  let code: number;
  try {
    const opened = await target.look();
    for (const line of notesOn(opened)) terminal.say(line);
    const answer = await work.answer({ client, terminal, opened, target, signal, name: target.name, plan });
    await writeAnswer(answer, flags);
    code = answer.code;
    if (opened.cut) code = report(new BpfdeskError(opened.cut), terminal);
  } catch (error) {
    work.failed?.(target.name, error);
    code = report(error, terminal);
  }
  return Math.max(code, await leave(target, terminal));
}

/** The node's own answer, or what kept it from giving one. */
async function amongOthers({ client, terminal: everyones, plan, signal }: Session, target: OpenTarget, work: Work) {
  const { name } = target;
  const terminal = namedTerminal(everyones, name);
  let answer: Answer;
  try {
    const opened = await target.look();
    for (const line of notesOn(opened)) terminal.say(line);
    answer = await work.answer({ client, terminal, opened, target, signal, name, plan });
    if (opened.cut) answer = { ...answer, code: report(new BpfdeskError(opened.cut), everyones, name) };
  } catch (error) {
    work.failed?.(name, error);
    const { code, message, hint, phase, cause } = errorData(error);
    const json = { error: { code, message, hint, ...(phase ? { phase } : {}), ...(cause ? { cause } : {}) } };
    answer = { code: report(error, everyones, name), json, text: `Error: ${visibleText(message)}\n` };
  }
  const left = await leave(target, terminal).catch((error: unknown) => report(error, everyones, name));
  return { ...answer, code: Math.max(answer.code, left) };
}

/** Closes; what could not be taken away from the node is said and makes the run fail. */
export async function leave(target: OpenTarget, terminal: Terminal): Promise<number> {
  const residue = await target.close();
  for (const what of residue) terminal.say(`bpfdesk: left on the node: ${what}`);
  return residue.length > 0 ? EXIT.error : EXIT.ok;
}
