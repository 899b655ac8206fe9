/** A run of this book on a made-up node, up to its last two steps, and what it concludes. */
import type { RunbookVerdict, RunState } from "../../../types.ts";
import book from "../index.ts";
import { aPicture } from "./picture.ts";
import { readings } from "./readings.ts";
import { type Dropped, HOST, type Scene, type Traffic } from "./scene-types.ts";
import { dropsTrace, hookTrace, retransTrace } from "./traces.ts";

export * from "./scene-types.ts";

/** The state before the last two steps. */
export function aState(scene: Scene): RunState {
  const { inputs = {}, traffic, hooks = {} } = scene;
  return {
    node: { name: "node", label: "node-1", root: true },
    started_at: 0,
    inputs: { seconds: "30", ...inputs },
    datapath: scene.datapath === null ? null : aPicture(scene),
    previous: null,
    collect_command_id: "picture",
    traces: {
      watch: {
        retrans: retransTrace("t-retrans", traffic, scene),
        ...(scene.drops_trace === null ? {} : { drops: dropsTrace(scene) }),
      },
      hooks: {
        retrans: retransTrace("t-retrans-2", scene.later ?? traffic, scene),
        ...Object.fromEntries(Object.entries(hooks).map(([id, hook]) => [id, hookTrace(id, hook)])),
      },
    },
    readings: { watch: { before: readings(scene, false), after: readings(scene, true), for_s: 30 } },
    answers: {},
    left_out: {},
    changes: [],
    verdicts: [],
  };
}

/** What every examining and proposing step says, as the engine would merge it. */
export function concluded(scene: Scene): RunbookVerdict[] {
  let state = aState(scene);
  for (const step of book.steps) {
    if (step.when && step.when(state) !== true) continue;
    const fresh = step.kind === "examine" ? step.examine(state) : step.kind === "propose" ? step.propose(state) : [];
    const kept = state.verdicts.filter(({ id }) => !fresh.some((one) => one.id === id));
    state = { ...state, verdicts: [...kept, ...fresh] };
  }
  return [...state.verdicts];
}

/** `tc:… confirmed tc-drop`, of those that are not ruled out, in order of their ids. */
export function brief(verdicts: readonly RunbookVerdict[]): string[] {
  return verdicts
    .filter(({ verdict }) => verdict !== "ruled_out")
    .map(({ id, verdict, kind }) => `${id} ${verdict} ${kind}`)
    .sort();
}

/** Traffic that loses nothing, and some that does, on four connections. */
export const healthy: Traffic = { to: "10.246.9.9", sent: 200_000 };
export const bad: Traffic = { sent: 2000, again: { fast: 150, timeout: 50 }, connections: 4 };
/** All four connections of `bad`. */
export const drops = (count: number, change: Partial<Dropped> = {}): Dropped[] =>
  [0, 1, 2, 3].map((nth) => ({ of: bad, nth, count: count / 4, ...change }));
/** Without what is said of the storm itself. */
export const causes = (scene: Scene): string[] => brief(concluded(scene)).filter((one) => !one.startsWith("storm"));
export const verdictOn = (scene: Scene, id: string): RunbookVerdict | undefined =>
  concluded(scene).find((verdict) => verdict.id === id || verdict.id.startsWith(`${id}:`));
export const BEYOND = "path likely one-destination";
export const MTU = "mtu cannot_tell mtu";
/** The hook of the cart pod's interface that its packets meet, as a verdict's id and as a measurement's. */
export const HOOK = `${HOST}:10:ingress`;
export const TC = `tc:${HOOK}`;
