/**
 * Programs on interfaces that were loaded before the agent they belong to started. When others of the same
 * agent are newer, the old one was passed over; when none is, the agent was only restarted.
 */
import { entryLabel, hookLabel } from "../model/label.ts";
import type { Datapath, Finding, Hook, HookEntry, Iface, Program } from "../model/types.ts";
import { defineFinding } from "./define.ts";
import { isoTime, olderThanAgent } from "./lib/evidence.ts";
import { spokenFor } from "./lib/stacks.ts";

interface Old {
  iface: Iface;
  hook: Hook;
  entry: HookEntry;
  program: Program;
  agent: { comm: string; pid: number; at: string };
}

export default defineFinding({
  id: "program-older-than-agent",
  title: "A program older than the agent it belongs to",
  examine(datapath) {
    const old = new Map<string, Old[]>();
    const newer = new Set<string>();
    const reported = spokenFor(datapath);
    for (const one of attachedOf(datapath)) {
      const family = one.program.owner?.family;
      if (family == null) continue;
      const agent = olderThanAgent(one.program, datapath);
      if (agent === null) newer.add(family);
      else if (!reported.has(one.entry.key)) {
        const list = old.get(family) ?? [];
        list.push({ ...one, agent });
        old.set(family, list);
      }
    }
    return [...old].flatMap(([family, list]) => (newer.has(family) ? list.map(passedOver) : [restarted(family, list)]));
  },
});

function* attachedOf(datapath: Datapath): Generator<Omit<Old, "agent">> {
  const programs = new Map(datapath.programs.map((one) => [one.id, one]));
  for (const iface of datapath.interfaces) {
    for (const hook of iface.hooks) {
      for (const entry of hook.entries) {
        const program = entry.prog_id === null ? undefined : programs.get(entry.prog_id);
        if (program !== undefined) yield { iface, hook, entry, program };
      }
    }
  }
}

function passedOver({ iface, hook, entry, program, agent }: Old): Finding {
  return {
    id: "program-older-than-agent",
    severity: "warning",
    subject: entry.key,
    subject_name: hookLabel(iface, hook),
    evidence: [
      `${entryLabel(entry, program)}, loaded ${isoTime(program.loaded_at ?? 0)}`,
      `${agent.comm} (pid ${agent.pid}) started ${agent.at}`,
      ...(program.owner?.evidence ?? []),
    ],
    meaning: `This program was loaded before the running ${program.owner?.family} agent started, while others of that agent are newer: the agent did not replace it here. It may still do what the older release did.`,
    related: [iface.key, program.key],
  };
}

function restarted(family: string, list: readonly Old[]): Finding {
  const [first] = list;
  return {
    id: "program-older-than-agent",
    severity: "info",
    subject: first?.entry.key ?? "",
    subject_name: `${family} on ${list.length === 1 ? "1 hook" : `${list.length} hooks`}`,
    evidence: [
      `${first?.agent.comm} (pid ${first?.agent.pid}) started ${first?.agent.at}`,
      ...list.slice(0, 10).map((one) => `${hookLabel(one.iface, one.hook)}: ${entryLabel(one.entry, one.program)}`),
    ],
    meaning: `Every ${family} program on an interface was loaded before the running agent started: it was restarted and has not loaded its programs again. They keep working as they were.`,
    related: list.flatMap((one) => [one.entry.key, one.program.key]),
  };
}
