/** One case on one machine: set up, trace, make traffic, compare, and look what is left. */
import type { NodeTransport } from "../../../electron/host/transport/types.ts";
import type { KernelCase, Scene } from "./cases.ts";
import { inventory, left } from "./leaks.ts";
import type { Machine, Server } from "./machine.ts";
import { checkFields, checkLines, fill, type Variables } from "./match.ts";
import { type Running, runTracer } from "./tracer.ts";

export interface Place {
  machine: Machine;
  /** The connection that the tracers run over. */
  transport: NodeTransport;
  /** Of the binary lent to the machine. */
  path: string;
}

interface Prepared {
  /** Of the machine as it is before anything of bpfdesk starts. */
  before: string[];
  variables: Record<string, string>;
  /** Ends the servers; what they said of what they saw is in the variables then. */
  endServers(): Promise<void>;
}

/** Sets the scene up on a machine and clears it away again, whatever happens meanwhile. */
export async function prepared<T>(machine: Machine, one: Scene, during: (made: Prepared) => Promise<T>): Promise<T> {
  const variables: Record<string, string> = {};
  const servers: Server[] = [];
  const endServers = async () => {
    for (let server = servers.pop(); server; server = servers.pop()) Object.assign(variables, await server.stop());
  };
  try {
    if (one.setup) Object.assign(variables, await machine.script(one.setup, variables));
    for (const script of one.servers) {
      const server = await machine.serve(script, variables);
      servers.push(server);
      Object.assign(variables, server.variables);
    }
    return await during({ before: await inventory(machine.admin), variables, endServers });
  } finally {
    try {
      await endServers();
    } finally {
      await machine.script("bash clear.sh", {});
    }
  }
}

/** Parameters as they are given, with the variables of the scene in them. */
export const filled = (params: Readonly<Record<string, string | number | boolean>>, variables: Variables) =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, fill(String(value), variables)]));

/** What is not as the case says, in words; nothing when it holds. */
export function runCase({ machine, transport, path }: Place, one: KernelCase): Promise<string[]> {
  return prepared(machine, one, async ({ before, variables, endServers }) => {
    const params = filled(one.params, variables);
    const running = await runTracer(transport, path, { tracer: one.tracer, params, for_s: one.for_s });
    if (running.error === null) {
      if (one.traffic) Object.assign(variables, await machine.script(one.traffic, variables));
      if (one.ended === "signal") {
        await running.settled();
        await running.end();
      } else await running.over();
    }
    const leaks = (await left(machine.admin, before)).map((line) => `left in the kernel: ${line}`);
    await endServers();
    return [...leaks, ...judge(one, running, variables)];
  });
}

function judge(one: KernelCase, running: Running, variables: Record<string, string>): string[] {
  const { schema, error, wrong } = running;
  const way = error === null ? (schema?.variant ?? "none") : "refused";
  const outcome = one.variants[way];
  if (!outcome) {
    const said =
      error === null ? `its fallbacks are ${JSON.stringify(schema?.fallbacks)}` : `${error.code}: ${error.message}`;
    return [...wrong, `it took the way ${way}, which the case does not know: ${said}`];
  }
  if (error !== null)
    return outcome.refused === error.code ? wrong : [...wrong, `it refused with ${error.code}: ${error.message}`];
  const summary = running.summary();
  if (summary === null) return [...wrong, "it ended without a summary"];
  const bad = [...wrong, ...fallbackOf(outcome.fallback, schema?.fallbacks ?? [])];
  bad.push(
    ...checkFields(
      "summary",
      summary,
      { ended: one.ended, lost: one.lost, ...one.summary, ...outcome.summary },
      variables,
    ),
  );
  for (const expectation of [...one.expect, ...outcome.expect]) {
    const declared = schema?.records[expectation.record];
    if (!declared) bad.push(`the tracer has no record ${expectation.record}`);
    else bad.push(...checkLines(expectation, running.lines(expectation.record), variables));
  }
  return bad;
}

/** A way that is not the best must be announced, and the best must not be excused. */
function fallbackOf(
  expected: { wanted: string; why?: string | undefined } | undefined,
  said: { wanted: string; why: string }[],
): string[] {
  if (!expected) return [];
  const found = said.find(({ wanted }) => wanted === expected.wanted);
  if (!found) return [`it does not announce that it wanted ${expected.wanted}: ${JSON.stringify(said)}`];
  return expected.why && !new RegExp(expected.why).test(found.why)
    ? [`why it has no ${expected.wanted} reads: ${found.why}`]
    : [];
}
