/**
 * One change on a node: armed, made, checked, confirmed or taken back; told as events. bpfdesk-change does it on the node and
 * puts everything back by itself when it hears nothing in time, so whatever happens here, nothing half-done stays there.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type ChangeLine, chainWords, isAsShown } from "../../core/change/lines.ts";
import type { PlannedChange } from "../../core/change/plan.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { EventBody } from "../../core/journal/events.ts";
import type { Datapath } from "../../core/model/types.ts";
import { failureData } from "../session/failure.ts";
import { within } from "../session/limit.ts";
import { execChecked } from "../tools/checked.ts";
import { lastText } from "../transport/text.ts";
import type { Execution, NodeTransport } from "../transport/types.ts";
import { type AskPod, podBehind, verify } from "./checks.ts";
import { changeLines } from "./lines.ts";

export interface ChangeRunParts {
  node: string;
  /** Records what is run over it. */
  transport: NodeTransport;
  planned: PlannedChange;
  /** The picture it was planned on. */
  datapath: Datapath;
  /** The id that the command with this key will have. */
  reserve(record_key: string): string;
  /** Puts bpfdesk-change on the node when it is not there yet; its path. */
  lend(): Promise<string>;
  askPod: AskPod;
  tell(...events: EventBody[]): void;
  /** What is attached there is another than in the picture now. */
  changed(): void;
}

export interface ChangeRun {
  readonly plan_id: string;
  /** It may still be put back by itself, or by the checks. */
  readonly unsettled: boolean;
  /** False when it cannot be taken back (any more). */
  undo(): boolean;
  /** Takes back what was not confirmed, and lets go of what was. */
  end(): void;
  /** Settles when all was told. Never rejects. */
  done: Promise<void>;
}

/** As long as a connection may live: undo is possible until then. */
const LIMIT_MS = 7 * 86_400_000;
/** Looking for the attachment and taking hold of it, on a busy node. */
const ARM_MS = 30_000;
/** What the node says comes so much later than it does it, at most. */
const LATE_MS = 15_000;
/** Part of the lease that the checks may take: confirming needs time, too. */
const CHECKING = 0.6;
const LAST_WORDS = 2000;

type Phase = "starting" | "going" | "detached" | "confirmed" | "over";

export function startChange(parts: ChangeRunParts): ChangeRun {
  const { node, transport, planned, datapath, tell } = parts;
  const { plan, found } = planned;
  const about = { node, plan_id: plan.plan_id };
  const words = (line: Extract<ChangeLine, { chain: unknown }>) => chainWords(line.chain, datapath);
  let phase: Phase = "starting";
  let execution: Execution | null = null;
  let ending = false;
  let silent = false;
  let command_id = "";
  /** Why it is taken back, when the checks want it. */
  let failed: ErrorData | null = null;

  const failure = (code: string, message: string, hint: string): ErrorData => ({
    code,
    message,
    hint,
    node: transport.host,
  });
  const end = (error: ErrorData, unsure = false) => tell({ type: "change.failed", ...about, error, unsure });

  /** The last line, or none: what it came to. */
  function settle(line: ChangeLine | null, why: ErrorData | null): void {
    const before = phase;
    phase = "over";
    if (line?.record === "restored") {
      if (failed) end(failed);
      const reason = failed && line.reason === "undo" ? "checks" : line.reason;
      tell({ type: "change.restored", ...about, reason, same: line.same, chain: words(line) });
    } else if (line?.record === "left" || (line === null && before === "confirmed")) {
      tell({ type: "change.left", ...about });
    } else if (line?.record === "error") {
      end({ code: line.code, message: `${transport.host}: ${line.message}`, hint: line.hint, node: transport.host });
    } else if (before === "starting") {
      end(failed ?? why ?? failure("not-changed", `Nothing was changed on ${transport.host}.`, "Make a new plan."));
    } else {
      end(why ?? noWord(), true);
    }
    if (before !== "starting") parts.changed();
  }

  function noWord(): ErrorData {
    return failure(
      "no-word",
      `${transport.host} did not say what became of the change.`,
      `Unless it was confirmed, the node puts it back by itself within ${plan.lease_s} s. Collecting again tells.`,
    );
  }

  /** Null when there is none any more, or none came in time: then it is ended, and puts back what was not confirmed. */
  async function lineWithin(next: Promise<ChangeLine | null>, ms: number): Promise<ChangeLine | null> {
    const line = await Promise.race([next, sleep(ms, "late" as const, { ref: false })]);
    if (line !== "late") return line;
    silent = true;
    execution?.cancel();
    return null;
  }

  /** The last line that matters: the first that is not the one that should follow. */
  async function go(running: Execution): Promise<ChangeLine | null> {
    const lines = changeLines(running.stdout);
    const patience_ms = plan.lease_s * 1000 + LATE_MS;
    const armed = await lineWithin(lines.next(), ARM_MS);
    if (armed?.record !== "armed") return armed;
    tell({ type: "change.armed", ...about, command_id, chain: words(armed) });
    const pod = podBehind(found, datapath);
    const before = pod && (await parts.askPod(transport, pod.address));
    if (!isAsShown(armed.chain, found, false)) {
      failed = failure(
        "picture-differs",
        `What is attached to ${plan.affects.hook} on ${transport.host} is not what the picture shows; nothing was changed.`,
        "Collect again and make a new plan.",
      );
    }
    if (failed || ending) {
      running.interrupt();
      return lineWithin(lines.next(), LATE_MS);
    }
    phase = "going";
    running.say("go");
    const detached = await lineWithin(lines.next(), patience_ms);
    if (detached?.record !== "detached") return detached;
    phase = "detached";
    tell({ type: "change.detached", ...about, exact: detached.exact, chain: words(detached) });
    if (ending) running.interrupt();
    const exact = detached.exact && isAsShown(detached.chain, found, true);
    const next = lines.next();
    const checking = within(
      verify(transport, { exact, pod, before, ask: parts.askPod }),
      plan.lease_s * 1000 * CHECKING,
    );
    const checked = await Promise.race([checking, next.then(() => "said" as const)]);
    if (checked === "said") return next;
    if (checked === null || checked.failed !== null) {
      const why = checked?.failed ?? "The checks took too long.";
      failed = failure(
        "checks-failed",
        `${why} It was put back on ${transport.host}.`,
        "See what depends on that program before it is taken off.",
      );
      running.say("undo");
      return lineWithin(next, patience_ms);
    }
    running.say("confirm");
    const confirmed = await lineWithin(next, patience_ms);
    if (confirmed?.record !== "confirmed") return confirmed;
    phase = "confirmed";
    tell({ type: "change.confirmed", ...about, checks: checked.checks });
    parts.changed();
    return lines.next();
  }

  async function whole(): Promise<void> {
    let why: ErrorData | null = null;
    let last: ChangeLine | null = null;
    try {
      const path = await parts.lend();
      const record_key = `change:${plan.plan_id}`;
      command_id = parts.reserve(record_key);
      const running = await execChecked(transport, {
        argv: [path, ...planned.argv],
        root: true,
        timeout_ms: LIMIT_MS,
        record_key,
      });
      execution = running;
      const stderr = lastText(running.stderr, LAST_WORDS);
      last = await go(running);
      await running.exited;
      const said = (await stderr).trim();
      if (said !== "") why = { ...noWord(), cause: said };
    } catch (error) {
      if (!silent) why = failureData(error, "ready", transport.host);
    }
    settle(last, why);
  }

  return {
    plan_id: plan.plan_id,
    done: whole(),
    get unsettled() {
      return phase !== "confirmed" && phase !== "over";
    },
    undo() {
      if (phase !== "detached" && phase !== "confirmed") return false;
      execution?.say("undo");
      return true;
    },
    end() {
      ending = true;
      if (phase !== "going") execution?.interrupt();
    },
  };
}
