/** What a later picture tells of a change whose end nobody heard. */
import { entryLabel, hookLabel } from "../model/label.ts";
import type { Datapath, Hook, HookEntry, Iface } from "../model/types.ts";
import { attachedAs } from "./attachment.ts";
import type { AttachmentRef } from "./types.ts";

export interface SeenAgain {
  /** The program is at its place. */
  there: boolean;
  /** The interface's chains are what they were; false also when it is not known what they were. */
  same: boolean;
  /** What is attached to the interface, in words. */
  chain: string[];
}

/** `before`: the picture the change was planned on. Links do not count: what was put back has none. */
export function seenAgain(ref: AttachmentRef, before: Datapath | null, now: Datapath): SeenAgain {
  const iface = ifaceOf(ref, now);
  const programs = new Map(now.programs.map((one) => [one.id, one]));
  const words = (hook: Hook, entry: HookEntry) =>
    `${hookLabel({ name: ref.ifname }, hook)} ${entryLabel(entry, entry.prog_id === null ? undefined : programs.get(entry.prog_id))}`;
  const entries = (iface?.hooks ?? []).flatMap((hook) => hook.entries.map((entry) => ({ hook, entry })));
  return {
    there: entries.some(({ hook, entry }) => attachedAs(hook, entry, ref)),
    same: before !== null && chains(ifaceOf(ref, before)) === chains(iface),
    chain: entries.map(({ hook, entry }) => words(hook, entry)),
  };
}

function ifaceOf({ netns, ifindex, ifname }: AttachmentRef, datapath: Datapath): Iface | undefined {
  return datapath.interfaces.find((one) => one.netns === netns && one.ifindex === ifindex && one.name === ifname);
}

function chains(iface: Iface | undefined): string {
  const place = ({ mechanism, mode, chain, pref, handle, protocol, prog_id }: HookEntry) =>
    [mechanism, mode, chain, pref, handle, protocol, prog_id].join(" ");
  return JSON.stringify(
    (iface?.hooks ?? []).flatMap(({ hook, entries }) => entries.map((one) => `${hook} ${place(one)}`)),
  );
}
