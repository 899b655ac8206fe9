/**
 * What the kernel says is attached in a lab node, read with tc, ip and one direct question for tcx.
 * The ground truth that `expected.ts` is held against; shares no code with the product.
 */
import { BIN } from "./agent-plan.ts";
import type { ExpectedEntry, ExpectedHook } from "./expected.ts";
import type { Lab } from "./lab.ts";

export interface ObservedEntry extends ExpectedEntry {
  prog_id: number;
}

interface LinkRow {
  ifname: string;
  xdp?: { attached: { prog: { id: number } }[] };
}

interface FilterRow {
  pref: number;
  options?: { handle?: string; prog?: { id: number } };
}

/** Hooks that have programs, in no particular order of interfaces. */
export async function observeHooks(
  lab: Lab,
): Promise<(Omit<ExpectedHook, "entries"> & { entries: ObservedEntry[] })[]> {
  const json = async <T>(argv: string[]): Promise<T> => JSON.parse((await lab.run(argv)).stdout) as T;
  const links = await json<LinkRow[]>(["ip", "-d", "-j", "link", "show"]);
  const names = new Map(
    (await json<{ id: number; name: string }[]>(["bpftool", "-j", "prog", "show"])).map((row) => [row.id, row.name]),
  );
  const entry = (mechanism: ExpectedEntry["mechanism"], id: number, pref: number | null, handle: string | null) => ({
    mechanism,
    prog_name: names.get(id) ?? "",
    pref,
    handle,
    prog_id: id,
  });
  const places = links.flatMap(({ ifname }) => (["ingress", "egress"] as const).map((way) => ({ ifname, way })));
  const queries = places.map(({ ifname, way }) => `query ${ifname} ${way}`).join("\n");
  const tcx = (await lab.run([`${BIN}/lab-agent`, "--once"], `${queries}\n`)).stdout;
  const show = 'for d; do tc -j filter show dev "$d" ingress; tc -j filter show dev "$d" egress; done';
  const filters = (await lab.run(["sh", "-c", show, "sh", ...links.map((link) => link.ifname)])).stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as FilterRow[]);
  const tcHooks = places.map(({ ifname, way }, index) => ({
    ifname,
    hook: `tc_${way}` as const,
    entries: [
      ...[...tcx.matchAll(new RegExp(`^tcx ${ifname} ${way} (\\d+)$`, "gm"))].map(([, id]) =>
        entry("tcx", Number(id), null, null),
      ),
      ...(filters[index] ?? []).flatMap(({ pref, options }) =>
        options?.prog ? [entry("clsact", options.prog.id, pref, options.handle ?? null)] : [],
      ),
    ],
  }));
  const xdpHooks = links.map(({ ifname, xdp }) => ({
    ifname,
    hook: "xdp" as const,
    entries: (xdp?.attached ?? []).map(({ prog }) => entry("xdp", prog.id, null, null)),
  }));
  return [...xdpHooks, ...tcHooks].filter((hook) => hook.entries.length > 0);
}

/** How often a program ran, while kernel.bpf_stats_enabled is on. */
export async function runCount(lab: Lab, progId: number): Promise<number> {
  const row = JSON.parse((await lab.run(["bpftool", "-j", "prog", "show", "id", String(progId)])).stdout);
  return Number((row as { run_cnt?: number }).run_cnt ?? 0);
}
