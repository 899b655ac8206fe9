import { expect, it } from "vitest";
import { findLeftovers } from "./leftovers.ts";
import { FOREIGN, inventory, marks, OWN, OWN_EARLIER, OWN_OTHER, process } from "./testdata.ts";

const folder = (digit: string, tag: string | null) => ({
  path: `/run/.bpfdesk-${digit.repeat(32)}`,
  tag,
  uid: 0,
  since: 5,
});

it("tells what our own earlier connections left from what is another's, ours first", () => {
  const found = inventory({
    processes: [process(4, FOREIGN, "sh"), process(3, OWN_EARLIER), process(2, OWN)],
    folders: [folder("a", OWN_EARLIER), folder("b", null), folder("c", OWN)],
  });
  expect(findLeftovers(found, marks)).toEqual([
    {
      id: `folder:/run/.bpfdesk-${"a".repeat(32)}`,
      kind: "folder",
      label: `/run/.bpfdesk-${"a".repeat(32)}`,
      tag: OWN_EARLIER,
      whose: "ours",
      since: 5,
    },
    {
      id: "process:3:1003",
      kind: "process",
      label: "bpftrace (pid 3)",
      tag: OWN_EARLIER,
      whose: "ours",
      since: 1_000_003,
    },
    {
      id: `folder:/run/.bpfdesk-${"b".repeat(32)}`,
      kind: "folder",
      label: `/run/.bpfdesk-${"b".repeat(32)}`,
      tag: null,
      whose: "another",
      since: 5,
    },
    { id: "process:4:1004", kind: "process", label: "sh (pid 4)", tag: FOREIGN, whose: "another", since: 1_000_004 },
  ]);
});

it("offers nothing of a connection that is at work", () => {
  const found = inventory({ processes: [process(3, OWN_OTHER)], folders: [folder("a", OWN_OTHER)] });
  expect(findLeftovers(found, { ...marks, alive: [OWN_OTHER] })).toEqual([]);
});
