/** Each signal, what it must strike at, and what only looks like it. */
import { describe, expect, it } from "vitest";
import { aPod, aProgram } from "../../../../model/testdata/make.ts";
import type { CgroupAttachment } from "../../../../model/types.ts";
import type { RunbookVerdict } from "../../../types.ts";
import {
  type Actor,
  type Asked,
  cgroupOf,
  concluded,
  containerId,
  POD,
  type Scene,
  textOf,
} from "../testdata/scene.ts";

const app: Actor = { pid: 100, comm: "app", cgroup: cgroupOf(POD, "a"), line: "/app" };
const pods = [aPod(POD, { namespace: "shop", name: "cart-1", netns: "4026532000", cgroups: [cgroupOf(POD, "a")] })];
const inPod = (option: "namespace" | "nameserver" | "search", ...values: string[]) =>
  ({ source: "process", pid: app.pid, option, values }) as const;
const SEARCH = ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "eu.compute.internal"];
const resolvers = [inPod("namespace", "4026532111"), inPod("nameserver", "10.96.0.10"), inPod("search", ...SEARCH)];

function of(kind: string, scene: Scene): RunbookVerdict | undefined {
  return concluded({ actors: [app], datapath: { pods }, resolvers, ...scene }).find((one) => one.kind === kind);
}

function many(count: number, make: (at: number) => Partial<Asked> & { name: string }, per_s = 10, by = app): Asked[] {
  return Array.from({ length: count }, (_, at) => ({ at: at / per_s, by, ...make(at) }));
}

/** Text that no two numbers share, as an encoder makes it. */
function encoded(number: number, length = 48): string {
  let [text, state] = ["", number * 2_654_435_761 + 1];
  while (text.length < length) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    text += (state % 36).toString(36);
  }
  return text;
}

/** What glibc asks for one name with ndots:5: each search domain, A and AAAA, then the name itself. */
function lookup(at: number, name: string, found: "last" | "first" | "never"): Asked[] {
  const tried = [...SEARCH.map((domain) => `${name}.${domain}`), name];
  const until = found === "first" ? tried.slice(0, 1) : tried;
  return until.flatMap((one, index) => {
    const exists = found !== "never" && index === until.length - 1;
    return ["A", "AAAA"].map((type) => ({
      at: at + index / 1000,
      by: app,
      name: one,
      type,
      rcode: exists ? "NOERROR" : "NXDOMAIN",
    }));
  });
}

describe("many queries a second", () => {
  it("strikes at one process that asks for ever new names outside of the cluster", () => {
    const asked = many(600, (at) => ({ name: `host${at}.example` }), 100);
    const verdict = of("high-rate", { asked });
    expect(verdict?.verdict).toBe("likely");
    expect(textOf(verdict)).toContain("100 queries/s over 5 s from pid 100 (threshold 50)");
  });
  it("follows its threshold", () => {
    const asked = many(600, (at) => ({ name: `host${at}.example` }), 100);
    expect(of("high-rate", { asked, inputs: { rate_per_s: "101" } })).toBeUndefined();
    expect(
      of("high-rate", { asked: many(300, (at) => ({ name: `host${at}.example` }), 20), inputs: { rate_per_s: "20" } }),
    ).toBeDefined();
  });
  it("rules out a batch job that asks for the cluster's services again and again", () => {
    const asked = many(3000, (at) => ({ name: `service${at % 8}.shop.svc.cluster.local` }), 300);
    expect(of("high-rate", { asked })).toMatchObject({ verdict: "ruled_out" });
  });
  it("rules out a client without a cache", () => {
    expect(of("high-rate", { asked: many(600, (at) => ({ name: `api${at % 3}.example` }), 100) })).toMatchObject({
      verdict: "ruled_out",
    });
  });
  it("is not struck by many processes that ask a little each, as workers do", () => {
    const workers = Array.from({ length: 20 }, (_, at) => ({ ...app, pid: 1000 + at }));
    const asked = workers.flatMap((by) => many(60, (at) => ({ name: `w${by.pid}x${at}.example` }), 6, by));
    expect(of("high-rate", { actors: workers, asked })).toBeUndefined();
  });
  it("counts short-lived processes of one program together", () => {
    const asked = Array.from({ length: 600 }, (_, at) => ({
      at: at / 100,
      by: { ...app, pid: 2000 + at, seen: [] },
      name: `host${at}.example`,
    }));
    expect(textOf(of("high-rate", { actors: [], asked }))).toContain("by short-lived processes together");
  });
  it("rules out a search list, which makes many queries of one lookup", () => {
    const asked = Array.from({ length: 120 }, (_, at) => lookup(at / 10, `api${at}.example`, "last")).flat();
    const verdict = of("high-rate", { asked });
    expect(verdict).toMatchObject({ verdict: "ruled_out" });
    expect(verdict?.meaning).toContain("Most of it is the search list (ndots)");
  });
  it("is not struck by a burst at a program's start", () => {
    expect(of("high-rate", { asked: many(200, (at) => ({ name: `host${at}.example` }), 400) })).toBeUndefined();
  });
});

describe("data in names", () => {
  it("strikes at long names under one parent, and names the parent", () => {
    const asked = many(
      60,
      (at) => ({ name: `${encoded(at)}.${encoded(at + 1000, 20)}.t.evil.example`, type: "TXT" }),
      5,
    );
    const verdict = of("tunnelling", { asked });
    expect(verdict?.verdict).toBe("likely");
    expect(textOf(verdict)).toContain(
      "60 different names with a label of 30 characters or more under t.evil.example (threshold 20)",
    );
  });
  it("is found although the search list is tried for each name", () => {
    const asked = Array.from({ length: 30 }, (_, at) => lookup(at / 2, `${encoded(at)}.evil.example`, "last")).flat();
    expect(textOf(of("tunnelling", { asked }))).toContain("30 different names");
    expect(of("nxdomain-burst", { asked })).toBeUndefined();
  });
  it("follows its thresholds", () => {
    const asked = many(60, (at) => ({ name: `${encoded(at, 25)}.evil.example` }));
    expect(of("tunnelling", { asked })).toBeUndefined();
    expect(of("tunnelling", { asked, inputs: { long_label: "25" } })).toBeDefined();
    expect(of("tunnelling", { asked, inputs: { long_label: "25", tunnel_names: "61" } })).toBeUndefined();
  });
  it.each([
    ["long names of services in the cluster", (at: number) => `${encoded(at, 50)}.shop.svc.cluster.local`],
    ["addresses that are looked up in reverse", (at: number) => `${at}.1.168.192.in-addr.arpa`],
    ["one long name, asked often", () => `${encoded(1)}.cdn.example`],
    ["long names of different owners", (at: number) => `${encoded(at)}.owner${at}.example`],
  ])("is not struck by %s", (_, name) => {
    const verdicts = concluded({ actors: [app], resolvers, asked: many(60, (at) => ({ name: name(at) }), 2) });
    // `example` is a top-level domain, and nobody's.
    expect(verdicts.find(({ kind }) => kind === "tunnelling")).toBeUndefined();
  });
});

describe("lookups that fail", () => {
  it("strikes at names that are made up", () => {
    const asked = many(40, (at) => ({ name: `${encoded(at, 12)}.example`, rcode: "NXDOMAIN" }));
    expect(of("nxdomain-burst", { asked })).toMatchObject({ verdict: "likely" });
  });
  it("tells a wrong name in a configuration from that", () => {
    const asked = many(40, () => ({ name: "databse.shop.svc.cluster.local", rcode: "NXDOMAIN" }), 5);
    const verdict = of("nxdomain-burst", { asked });
    expect(verdict).toMatchObject({ verdict: "confirmed" });
    expect(verdict?.meaning).toContain("Nothing here looks hostile");
  });
  it.each(["last", "first"] as const)(
    "is not struck by search lists (ndots:5), where the %s name is there",
    (found) => {
      const asked = Array.from({ length: 60 }, (_, at) => lookup(at / 20, `api${at}.example`, found)).flat();
      expect(of("nxdomain-burst", { asked })).toBeUndefined();
    },
  );
  it("is not struck by search lists where the container's resolv.conf was not read", () => {
    const asked = Array.from({ length: 60 }, (_, at) => lookup(at / 20, `api${at}.example`, "last")).flat();
    expect(of("nxdomain-burst", { asked, resolvers: [] })).toBeUndefined();
    // Nor where nobody knows the pod's namespace, and the bare name is never asked because an earlier domain has it.
    const second = Array.from({ length: 60 }, (_, at) => [
      { at: at / 20, by: app, name: `api${at}.prod.shop.svc.cluster.local`, rcode: "NXDOMAIN" },
      { at: at / 20 + 0.001, by: app, name: `api${at}.prod.svc.cluster.local` },
    ]).flat();
    expect(of("nxdomain-burst", { asked: second, resolvers: [], datapath: {} })).toBeUndefined();
  });
  it("counts what a library asks for one name that is not there as one lookup", () => {
    const asked = Array.from({ length: 19 }, (_, at) => lookup(at / 10, `gone${at}.example`, "never")).flat();
    expect(asked.length).toBeGreaterThan(180);
    expect(of("nxdomain-burst", { asked })).toBeUndefined();
    expect(of("nxdomain-burst", { asked: [...asked, ...lookup(2, "gone19.example", "never")] })).toBeDefined();
  });
  it("is not struck by a crawler that meets some dead names", () => {
    const asked = many(200, (at) => ({ name: `site${at}.example`, rcode: at % 4 === 0 ? "NXDOMAIN" : "NOERROR" }), 20);
    expect(of("nxdomain-burst", { asked })).toBeUndefined();
  });
  it("is not struck by addresses that are only missing in one family", () => {
    const asked = many(80, (at) => ({ name: `v4only${at}.example`, type: at % 2 ? "A" : "AAAA", answers: [] }), 20);
    expect(of("nxdomain-burst", { asked })).toBeUndefined();
  });
});

describe("a new name and a connection", () => {
  const usual = many(10, () => ({ name: "api.example", answers: ["203.0.113.1"] }), 1);
  const late = { at: 15, by: app, name: "evil.example", answers: ["203.0.113.9"] };
  it("strikes at a name nobody asked before, followed at once by a connection", () => {
    const verdict = of("new-name-connected", {
      asked: [...usual, late],
      connected: [{ at: 15.1, by: app, to: "203.0.113.9" }],
    });
    expect(verdict?.verdict).toBe("likely");
    expect(textOf(verdict)).toContain("evil.example: first asked +15.0 s, then connected to 203.0.113.9:443");
    expect(verdict?.meaning).toContain("New as far as this watch of 30 s goes");
  });
  it.each<[string, Partial<Scene>]>([
    ["nothing follows", {}],
    ["the connection is to somewhere else", { connected: [{ at: 15.1, by: app, to: "203.0.113.8" }] }],
    ["another process connects", { connected: [{ at: 15.1, by: { ...app, pid: 7 }, to: "203.0.113.9" }] }],
    ["the connection comes later", { connected: [{ at: 18, by: app, to: "203.0.113.9" }] }],
    ["the connection was there before", { connected: [{ at: 14, by: app, to: "203.0.113.9" }] }],
  ])("is not struck when %s", (_, more) => {
    expect(of("new-name-connected", { asked: [...usual, late], ...more })).toBeUndefined();
  });
  it("takes names that were given as known for usual, and others for new from the start on", () => {
    const scene = { asked: [{ ...late, at: 1 }], connected: [{ at: 1.1, by: app, to: "203.0.113.9" }] };
    expect(of("new-name-connected", scene)).toBeUndefined();
    expect(of("new-name-connected", { ...scene, inputs: { known: "api.example" } })).toBeDefined();
    expect(of("new-name-connected", { ...scene, inputs: { known: "api.example, evil.example" } })).toBeUndefined();
  });
});

describe("another resolver", () => {
  const asked = [
    { at: 1, by: app, name: "db.shop.svc.cluster.local" },
    { at: 2, by: app, name: "evil.example", resolver: "8.8.8.8", transport: "tcp" as const },
  ];
  it("strikes at one that the container's resolv.conf does not name", () => {
    const verdict = of("other-resolver", { asked });
    expect(verdict?.verdict).toBe("confirmed");
    expect(verdict?.evidence.map(({ text }) => text)).toEqual([
      "1 of 2 queries asked of 8.8.8.8 over tcp",
      "configured: 10.96.0.10 (resolv.conf of its container)",
    ]);
  });
  it("knows the resolv.conf of a process that is gone by another one in its container", () => {
    const gone: Actor = { ...app, pid: 700, seen: [] };
    const verdict = of("other-resolver", { asked: asked.map((one) => ({ ...one, by: gone })) });
    expect(verdict?.verdict).toBe("confirmed");
    expect(textOf(verdict)).toContain("resolv.conf of its container");
  });
  it("is not struck by the configured ones, also as a socket of both families writes them", () => {
    const both = asked.map((one) => ({ ...one, resolver: "::ffff:10.96.0.10" }));
    expect(of("other-resolver", { asked: both })).toBeUndefined();
    expect(of("other-resolver", { asked, inputs: { resolver: "10.96.0.10,8.8.8.8" } })).toBeUndefined();
    expect(of("other-resolver", { asked, inputs: { resolver: "10.96.0.10" } })?.verdict).toBe("confirmed");
  });
  it("cannot tell where a program rewrites addresses at connect", () => {
    const on = (cgroup: string): Partial<Scene> => ({
      datapath: {
        pods,
        programs: [aProgram(7, { name: "cil_sock4_connect" })],
        cgroups: [{ cgroup, attach_type: "cgroup_inet4_connect", prog_id: 7 } as CgroupAttachment],
      },
    });
    const backend = asked.map((one) => ({ ...one, resolver: one.resolver && "10.0.3.44" }) as Asked);
    const verdict = of("other-resolver", { asked: backend, ...on("/") });
    expect(verdict?.verdict).toBe("cannot_tell");
    // No pod has such an address; a node may.
    expect(of("other-resolver", { asked, ...on("/") })?.verdict).toBe("likely");
    expect(textOf(verdict)).toContain("cil_sock4_connect (cgroup_inet4_connect of /)");
    expect(of("other-resolver", { asked, ...on("/system.slice") })?.verdict).toBe("confirmed");
  });
  it("cannot tell of a resolver, which has a configuration of its own", () => {
    const resolved: Actor = { pid: 5, comm: "systemd-resolve", exe: "/usr/lib/systemd/systemd-resolved" };
    const node = { source: "node", pid: null, option: "nameserver", values: ["127.0.0.53"] } as const;
    const verdict = of("other-resolver", {
      actors: [resolved],
      resolvers: [{ ...node, values: [...node.values] }],
      asked: [{ at: 1, by: resolved, name: "api.example", resolver: "192.168.1.1" }],
    });
    expect(verdict?.verdict).toBe("cannot_tell");
  });
  it("is only likely by what the kubelet gives its pods, and says nothing where nothing is known", () => {
    const kubelet = [{ source: "kubelet", pid: null, option: "nameserver", values: ["10.96.0.10"] }] as const;
    expect(
      of("other-resolver", { asked, resolvers: [...kubelet].map((one) => ({ ...one, values: [...one.values] })) }),
    ).toMatchObject({
      verdict: "likely",
    });
    expect(of("other-resolver", { asked, resolvers: [] })).toBeUndefined();
    expect(of("signals", { asked, resolvers: [] })?.verdict).toBe("cannot_tell");
  });
  it("is only likely where no answer came, because the address may be one after translation", () => {
    const silent = [{ at: 2, by: app, name: "evil.example", resolver: "8.8.8.8", outcome: "unanswered" }];
    expect(of("other-resolver", { asked: silent })?.verdict).toBe("likely");
  });
});

describe("a batch job", () => {
  const job = (labels: Record<string, string>) => ({
    crictl: {
      pods: [{ id: "s", name: "report-1", namespace: "shop", uid: POD, state: null, raw: { labels } }],
      containers: [
        { id: containerId("a"), pod_sandbox_id: "s", name: "report", image: "r", state: null, pod_uid: POD, raw: {} },
      ],
    },
  });
  const cron = { datapath: { pods: [{ ...pods[0], name: "report-29384720-abcde" }] as typeof pods } };
  const outside = [{ at: 1, by: app, name: "evil.example" }];
  const labelled = job({ "batch.kubernetes.io/job-name": "report-1" });

  it("strikes at names outside of the cluster", () => {
    expect(of("outside-cluster-from-job", { asked: outside, ...labelled })).toMatchObject({ verdict: "confirmed" });
    expect(of("outside-cluster-from-job", { asked: outside, ...cron })).toMatchObject({ verdict: "likely" });
  });
  it("is not struck by anything but a batch job", () => {
    expect(of("outside-cluster-from-job", { asked: outside, ...job({ app: "cart" }) })).toBeUndefined();
    expect(of("outside-cluster-from-job", { asked: outside })).toBeUndefined();
  });
  it("is not struck by many legitimate queries in the cluster, with their search lists and pointers", () => {
    const names = [
      "db.shop.svc.cluster.local",
      "cache.other.svc.cluster.local",
      "db",
      "7.0.0.10.in-addr.arpa",
      "db.other.svc.eu.compute.internal",
    ];
    const asked = many(
      2000,
      (at) => ({ name: names[at % names.length] ?? "", rcode: at % 5 === 4 ? "NXDOMAIN" : "NOERROR" }),
      200,
    );
    const verdicts = concluded({ actors: [app], resolvers, asked, ...labelled });
    expect(verdicts.filter(({ kind }) => !["asker", "overview", "signals"].includes(kind))).toMatchObject([
      { kind: "high-rate", verdict: "ruled_out" },
    ]);
  });
});

describe("a process without a binary on disk", () => {
  const asked = (by: Actor) => [{ at: 1, by, name: "api.example" }];
  it.each<[string, Actor, string]>([
    ["one that runs from memory", { ...app, exe: "/memfd:payload", gone: "missing" }, "confirmed"],
    ["one that ran from memory and is gone", { ...app, exe: "/memfd:payload (deleted)", seen: [] }, "confirmed"],
    ["one that is gone and of which only the name is known", { ...app, exe: "memfd:payload", seen: [] }, "likely"],
    ["one whose file was removed", { ...app, exe: "/tmp/.x", gone: "missing" }, "likely"],
    ["one whose file an upgrade replaced", { ...app, exe: "/usr/sbin/app", gone: "replaced" }, "ruled_out"],
  ])("is judged: %s", (_, by, verdict) => {
    expect(of("no-binary-on-disk", { actors: [by], asked: asked(by) })?.verdict).toBe(verdict);
  });
  it.each(["app", "/tmp/memfd:payload"])("is not one that is simply gone: %s", (exe) => {
    const by: Actor = { ...app, exe, seen: [] };
    expect(of("no-binary-on-disk", { actors: [], asked: asked(by) })).toBeUndefined();
  });
});

describe("what did not strike", () => {
  it("is told with how near it came and its threshold", () => {
    const verdict = of("signals", { asked: many(30, () => ({ name: "api.example" }), 10) });
    expect(verdict?.verdict).toBe("ruled_out");
    expect(verdict?.evidence.map(({ text }) => text)).toEqual([
      "queries/s from one process: at most 6 (threshold 50)",
      "long names under one parent: at most 0 (threshold 20)",
      "failed lookups within 10 s: at most 0 (threshold 20)",
      "a new name followed by a connection: none",
      "a resolver that is not the configured one: none",
      "names outside of the cluster from a batch job: none",
      "a process without a binary on disk: none",
    ]);
  });
  it("cannot be ruled out when something was lost", () => {
    expect(of("signals", { asked: many(3, () => ({ name: "api.example" })), lost: 5 })?.verdict).toBe("cannot_tell");
  });
});
