/** Resolvers of the node that ask for others: whose query is behind theirs. */
import { describe, expect, it } from "vitest";
import { aPod } from "../../../model/testdata/make.ts";
import { type Actor, type Asked, brief, cgroupOf, concluded, OTHER_POD, POD, textOf } from "./testdata/scene.ts";

const inputs = { name: "evil.example" };
const coredns: Actor = {
  pid: 10,
  comm: "coredns",
  cgroup: cgroupOf(OTHER_POD, "d"),
  line: "/coredns -conf /etc/coredns/Corefile",
};
const cache: Actor = { pid: 11, comm: "node-cache", cgroup: cgroupOf(OTHER_POD, "e") };
const curl: Actor = { pid: 210, comm: "curl", cgroup: cgroupOf(POD, "b"), line: "curl https://evil.example" };
const name = "evil.example";

/** What is seen of one query that `asker` sends to `server`, from both sides. */
function served(at: number, asker: Actor, server: Actor, change: Partial<Asked> = {}): Asked[] {
  const one = { name, transaction: 4711 + Math.round(at * 1000), client_port: 41_000, ...change };
  return [
    { at, by: asker, ...one },
    { at: at + 0.0001, by: server, role: "server", resolver: "10.0.0.2", ...one },
  ];
}

describe("a resolver that asks for others", () => {
  it("is not where the query comes from, and is joined with who asked it", () => {
    const verdicts = concluded({
      inputs,
      actors: [coredns, curl],
      asked: [...served(1, curl, coredns), { at: 1.001, by: coredns, name, resolver: "8.8.8.8", forwarder: true }],
    });
    expect(brief(verdicts)).toEqual([
      `asker confirmed: curl (pid 210) in container bbbbbbbbbbbb of pod ${POD}`,
      `forwarder ruled_out: coredns (pid 10) in container dddddddddddd of pod ${OTHER_POD}`,
    ]);
    expect(textOf(verdicts[1])).toContain("1 of its 1 queries are of a name and type it was being asked for");
    expect(textOf(verdicts[1])).toContain("asked by curl (pid 210) ×1");
    expect(textOf(verdicts[0])).toContain("coredns (pid 10) asked 8.8.8.8 in its turn ×1");
  });

  it("is followed through a second one", () => {
    const verdicts = concluded({
      inputs,
      actors: [coredns, cache, curl],
      asked: [
        ...served(1, curl, cache),
        ...served(1.001, cache, coredns, { client: "10.0.0.9", client_port: 52_000, forwarder: true }),
        { at: 1.002, by: coredns, name, resolver: "8.8.8.8", forwarder: true },
      ],
    });
    const forwarders = verdicts.filter(({ kind }) => kind === "forwarder");
    expect(forwarders.map(({ verdict }) => verdict)).toEqual(["ruled_out", "ruled_out"]);
    for (const one of forwarders) expect(textOf(one)).toContain("asked by curl (pid 210) ×1");
  });

  it("is known by what it does: a process of that name that answers nobody is an asker like any other", () => {
    const verdicts = concluded({
      inputs,
      actors: [coredns],
      asked: [{ at: 1, by: coredns, name, resolver: "8.8.8.8" }],
    });
    expect(verdicts[0]).toMatchObject({ kind: "asker", verdict: "confirmed" });
    expect(verdicts[0]?.meaning).toContain("It bears a resolver's name, but it answered nobody while it was watched;");
  });

  it("is not ruled out for queries that nobody is seen behind", () => {
    const verdicts = concluded({
      inputs,
      actors: [coredns, curl],
      asked: [...served(1, curl, coredns), { at: 20, by: coredns, name, resolver: "8.8.8.8", forwarder: true }],
    });
    const forwarder = verdicts.find(({ kind }) => kind === "forwarder");
    expect(forwarder).toMatchObject({ verdict: "cannot_tell" });
    expect(forwarder?.meaning).toContain("Of 1 of its queries it is not known who is behind them");
  });

  it("tells the address of whoever asked from another node, and accuses nobody here", () => {
    const verdicts = concluded({
      inputs,
      actors: [coredns],
      asked: [
        { at: 1, by: coredns, role: "server", name, client: "10.9.0.7" },
        { at: 1.001, by: coredns, name, resolver: "8.8.8.8", forwarder: true },
      ],
    });
    expect(brief(verdicts).sort()).toEqual([
      "asked-from-elsewhere cannot_tell: whoever is at 10.9.0.7",
      `forwarder ruled_out: coredns (pid 10) in container dddddddddddd of pod ${OTHER_POD}`,
      "nobody-asked cannot_tell: who asks for evil.example",
    ]);
    const elsewhere = verdicts.find(({ kind }) => kind === "asked-from-elsewhere");
    expect(elsewhere?.missing).toEqual(["This runbook on the node that has 10.9.0.7, with the same name."]);
  });

  it("does not join two askers of one name whose addresses were translated", () => {
    const other: Actor = { pid: 300, comm: "wget", cgroup: cgroupOf(POD, "a") };
    const verdicts = concluded({
      inputs,
      actors: [coredns, curl, other],
      asked: [
        { at: 1, by: curl, name, transaction: 7, client: "10.0.1.7", client_port: 1001 },
        { at: 1, by: other, name, transaction: 7, client: "10.0.1.8", client_port: 1002 },
        { at: 1.0005, by: coredns, role: "server", name, transaction: 7, client: "192.168.0.1", client_port: 2001 },
        { at: 1.001, by: coredns, name, resolver: "8.8.8.8", forwarder: true },
      ],
    });
    expect(textOf(verdicts.find(({ kind }) => kind === "forwarder"))).toContain(
      "asked by somebody at 192.168.0.1, who is not seen on this node ×1",
    );
  });

  it("is not searched for signals: its queries are those of others", () => {
    const asked = Array.from({ length: 2000 }, (_, at) => ({
      at: at / 200,
      by: coredns,
      name: `${"x".repeat(40)}${at}.tunnel.example`,
      forwarder: true,
    }));
    const kinds = concluded({ actors: [coredns], datapath: { pods: [aPod(OTHER_POD)] }, asked }).map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual(["forwarder", "overview"]);
  });
});
