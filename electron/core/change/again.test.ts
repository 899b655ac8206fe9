import { expect, it } from "vitest";
import { aDatapath, aHook, anEntry, anIface } from "../model/testdata/make.ts";
import type { HookEntry } from "../model/types.ts";
import { seenAgain } from "./again.ts";
import type { AttachmentRef } from "./types.ts";

const linked = anEntry("link", { mechanism: "tcx", prog_id: 5, link_id: 31, pref: null, handle: null });
const unlinked = { ...linked, key: "prog", link_id: null };
const behind = anEntry("filter", { prog_id: 9 });
const ref: AttachmentRef = {
  ...{ entry: "link", mechanism: "tcx", direction: "egress", ifname: "lxc1", ifindex: 7, netns: "4026531840" },
  ...{ prog_id: 5, prog_name: "" },
};
const picture = (entries: HookEntry[]) =>
  aDatapath({ interfaces: [anIface(7, "lxc1", { hooks: [aHook("tc_egress", "egress (out → pod)", entries)] })] });
const before = picture([linked, behind]);

it("sees that it was put back, although it has no link any more", () => {
  expect(seenAgain(ref, before, picture([unlinked, behind]))).toEqual({
    there: true,
    same: true,
    chain: ["lxc1 egress (out → pod) tcx: program 5", "lxc1 egress (out → pod) pref 1 handle 0x1: program 9"],
  });
});

it("sees that it is gone, with its interface too", () => {
  expect(seenAgain(ref, before, picture([behind]))).toMatchObject({ there: false, same: false });
  expect(seenAgain(ref, before, aDatapath())).toEqual({ there: false, same: false, chain: [] });
});

it("does not take another place, another program, or a picture it does not have for the same", () => {
  expect(seenAgain(ref, before, picture([behind, unlinked]))).toMatchObject({ there: true, same: false });
  expect(seenAgain(ref, before, picture([{ ...unlinked, prog_id: 6 }, behind]))).toMatchObject({ there: false });
  expect(seenAgain(ref, null, picture([linked, behind]))).toMatchObject({ there: true, same: false });
});
