/** What bpfdesk-change (bpf/change/main.c) says, a JSON object a line, and its chains in words. */
import { z } from "zod";
import { entryLabel, type Place } from "../model/label.ts";
import type { Datapath, HookEntry, XdpMode } from "../model/types.ts";
import type { Found } from "./attachment.ts";

const number = z.int().min(0).max(0xffffffff);
const chainEntry = z.object({
  kind: z.enum(["xdp", "tcx", "clsact", "netkit"]),
  direction: z.enum(["ingress", "egress", "primary", "peer"]),
  /** 0 of a filter without a program. */
  prog_id: number,
  link_id: number.optional(),
  mode: z.enum(["hw", "drv", "skb"]).optional(),
  pref: number.optional(),
  handle: number.optional(),
  chain: number.optional(),
  classifier: z.string().max(64).optional(),
});
/** One program on one hook of the interface, in the kernel's order. */
export type ChainEntry = z.infer<typeof chainEntry>;

const chain = z.array(chainEntry).max(4096);
const changeLine = z.discriminatedUnion("record", [
  z.object({ record: z.literal("armed"), chain }),
  z.object({ record: z.literal("detached"), chain, exact: z.boolean() }),
  z.object({ record: z.literal("confirmed") }),
  z.object({
    record: z.literal("restored"),
    chain,
    reason: z.enum(["lease", "undo", "stdin", "signal"]),
    same: z.boolean(),
  }),
  z.object({ record: z.literal("left") }),
  z.object({ record: z.literal("disarmed") }),
  z.object({
    record: z.literal("error"),
    code: z.string().max(64),
    message: z.string().max(2000),
    hint: z.string().max(2000),
  }),
]);
export type ChangeLine = z.infer<typeof changeLine>;

/** Null for what is none of them. */
export function readChangeLine(text: string): ChangeLine | null {
  try {
    return changeLine.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

const MODES: Record<string, XdpMode> = { drv: "native", skb: "generic", hw: "offload" };

/** `egress pref 1 handle 0x1: cil_to_container (id 512)`, a line an entry. */
export function chainWords(entries: readonly ChainEntry[], datapath: Datapath): string[] {
  const programs = new Map(datapath.programs.map((one) => [one.id, one]));
  return entries.map((one) => {
    const place: Place = {
      mechanism: one.kind,
      mode: one.mode === undefined ? null : (MODES[one.mode] ?? null),
      pref: one.pref ?? null,
      handle: one.handle === undefined ? null : `0x${one.handle.toString(16)}`,
      chain: one.chain ?? null,
      link_id: one.link_id ?? null,
    };
    const prog_id = one.prog_id || null;
    const label = entryLabel({ ...place, kind: one.classifier ?? "bpf", prog_id }, programs.get(one.prog_id));
    return `${one.direction} ${label}`;
  });
}

const DIRECTIONS = {
  xdp: "ingress",
  tc_ingress: "ingress",
  tc_egress: "egress",
  netkit_primary: "primary",
  netkit_peer: "peer",
} as const;

/**
 * Does the hook hold what the picture showed, in that order? `without`: but for the entry that was taken off. Filters of
 * another chain than 0 are a list of their own.
 */
export function isAsShown(entries: readonly ChainEntry[], { hook, entry }: Found, without: boolean): boolean {
  const shown = hook.entries.filter((one) => !(without && one === entry)).map(shownWords);
  const there = entries
    .filter((one) => one.direction === DIRECTIONS[hook.hook] && (one.kind === "xdp") === (hook.hook === "xdp"))
    .map(({ kind, chain = 0, pref = 0, handle = 0, prog_id, mode }) =>
      kind === "clsact"
        ? `clsact ${chain} ${pref} ${prog_id ? handle : ""} ${prog_id}`
        : `${kind} ${MODES[mode ?? ""] ?? ""} ${prog_id}`,
    );
  return byChain(shown) === byChain(there);
}

function shownWords({ mechanism, chain, pref, handle, prog_id, mode }: HookEntry): string {
  // Handles of other classifiers (800::800) are not numbers.
  if (mechanism === "clsact")
    return `clsact ${chain ?? 0} ${pref ?? 0} ${prog_id ? Number(handle) : ""} ${prog_id ?? 0}`;
  return `${mechanism} ${mode ?? ""} ${prog_id}`;
}

/** In the order of the chains, otherwise as they are. */
function byChain(words: readonly string[]): string {
  const chainOf = (text: string) => (text.startsWith("clsact ") ? Number(text.split(" ")[1]) : -1);
  return words.toSorted((a, b) => chainOf(a) - chainOf(b)).join("\n");
}
