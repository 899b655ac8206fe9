/** Whose a program is and what that owner will probably do when it is taken off: in words, from the picture's evidence. */
import { olderThanAgent } from "../findings/lib/evidence.ts";
import type { Datapath, Program } from "../model/types.ts";
import type { ChangePlan, ChangeRisk } from "./types.ts";

export interface OwnerWords {
  owner: ChangePlan["owner"];
  risks: ChangeRisk[];
}

/** What each family does, as far as it is known of it. */
const HABITS: Readonly<Record<string, string>> = {
  cilium:
    "cilium-agent attaches its own programs again when it starts and when it regenerates an endpoint. If it is one of its current ones, restart the agent's pod instead of taking it off.",
  calico:
    "calico-node looks at its attachments again and again and attaches what is missing within seconds to minutes. Restart its pod instead of working against it.",
  systemd:
    "systemd attaches its programs again when the unit is started anew or its settings are read again (daemon-reload).",
};

/** `remains`: programs that stay on the same hook. */
export function ownerWords(program: Program | null, remains: readonly Program[], datapath: Datapath): OwnerWords {
  const owner = program?.owner ?? null;
  const evidence = owner?.evidence.join("; ") ?? "";
  if (program === null || owner === null || owner.family === null)
    return unknown(owner?.process?.comm ?? null, evidence);
  const { family } = owner;
  const text = `${family}: ${evidence}`;
  const agent = datapath.node.agents.find((one) => one.family === family);
  const older = olderThanAgent(program, datapath);
  if (older !== null) {
    const will_probably = `${older.comm} (pid ${older.pid}) started ${older.at}, after this was loaded, and has left it as it was: it will probably not put it back. Whether it misses it cannot be told.`;
    return { owner: { text, will_probably }, risks: [] };
  }
  const later = remains.find((one) => replaces(one, program));
  if (later !== undefined && agent !== undefined) {
    const will_probably = `${agent.comm} (pid ${agent.pid}) has a later program of the same name there (id ${later.id}), which stays: it will probably not put this one back.`;
    return { owner: { text, will_probably }, risks: [] };
  }
  if (agent === undefined && family !== "systemd") {
    const will_probably = `No agent of ${family} was seen running: nothing puts it back now. One that is started later may.`;
    return { owner: { text, will_probably }, risks: [] };
  }
  const will_probably = HABITS[family] ?? `${family} may attach it again when it starts or looks after it.`;
  const who = agent === undefined ? family : `${agent.comm} (pid ${agent.pid})`;
  const risk = `${who} looks after this program and may put it back, or run into trouble without it.`;
  return { owner: { text, will_probably }, risks: [{ code: "controller-owns", text: risk }] };
}

/** Of the same owner and name, and loaded later. */
function replaces(one: Program, program: Program): boolean {
  if (one.owner?.family !== program.owner?.family || one.name === "" || one.name !== program.name) return false;
  if (one.loaded_at === null || program.loaded_at === null) return false;
  return one.loaded_at > program.loaded_at || (one.loaded_at === program.loaded_at && one.id > program.id);
}

function unknown(comm: string | null, evidence: string): OwnerWords {
  const will_probably =
    comm === null ? "Not known." : `Not known. ${comm} holds it and may attach it again at any time.`;
  return {
    owner: {
      text: evidence === "" ? "not known: no process holds it, and it is not pinned" : `not known: ${evidence}`,
      will_probably,
    },
    risks: [
      {
        code: "unknown-owner",
        text: "Nobody knows whose this is. Hands off, unless you do: find out who loaded it and ask them first.",
      },
    ],
  };
}
