/** Who asked, and what is said of how they came there. */
import { describe, expect, it } from "vitest";
import { aNode, aPod } from "../../../model/testdata/make.ts";
import book from "./index.ts";
import { type Actor, aRun, brief, cgroupOf, concluded, containerId, OTHER_POD, POD, textOf } from "./testdata/scene.ts";

const shim: Actor = {
  pid: 50,
  comm: "containerd-shim",
  line: "containerd-shim-runc-v2 -id x",
  cgroup: "/system.slice/containerd.service",
};
const app: Actor = { pid: 100, comm: "cart", ppid: 50, cgroup: cgroupOf(POD, "a"), line: "/cart --listen :8080" };
const metrics: Actor = {
  pid: 200,
  comm: "sh",
  exe: "/bin/sh",
  ppid: 50,
  cgroup: cgroupOf(POD, "b"),
  line: "sh /collect.sh",
};
const curl: Actor = {
  pid: 210,
  comm: "curl",
  ppid: 200,
  cgroup: cgroupOf(POD, "b"),
  line: "curl https://evil.example/x",
};
const pods = [
  aPod(POD, {
    namespace: "shop",
    name: "cart-7d9f8b6c5-x2x4z",
    containers: [
      { id: containerId("a"), runtime: "containerd", name: "cart", image: "registry/shop/cart:1.2" },
      { id: containerId("b"), runtime: "containerd", name: "usage-agent", image: "docker.io/usage/agent:latest" },
    ],
    cgroups: [cgroupOf(POD, "a").split("/").slice(0, 4).join("/"), cgroupOf(POD, "a"), cgroupOf(POD, "b")],
  }),
];
const evil = { name: "evil.example", answers: ["203.0.113.9"] };
const inputs = { name: "evil.example" };

describe("who asks for a name", () => {
  it("names the process, its container, image, command line and parents, and the connection that followed", () => {
    const verdicts = concluded({
      inputs,
      actors: [shim, app, metrics, curl],
      datapath: { pods },
      asked: [
        { at: 3.2, by: curl, ...evil },
        { at: 3.2, by: curl, ...evil, type: "AAAA", answers: [] },
        { at: 4, by: app, name: "db.shop.svc.cluster.local" },
      ],
      connected: [{ at: 3.21, by: curl, to: "203.0.113.9" }],
    });
    const subject = "curl (pid 210) in container usage-agent of pod shop/cart-7d9f8b6c5-x2x4z";
    expect(brief(verdicts)).toEqual([`asker confirmed: ${subject}`]);
    const [verdict] = verdicts;
    expect(verdict?.evidence.map(({ text }) => text)).toEqual([
      "evil.example: A ×1, AAAA ×1; NOERROR ×2; answers 203.0.113.9; asked of 10.96.0.10 over udp; first +3.2 s",
      "evil.example: then connected to 203.0.113.9:443, 8.0 ms after the answer, established",
      expect.stringMatching(
        /^container usage-agent of pod .*; image docker.io\/usage\/agent:latest; a sidecar: the pod bears the name of cart; the pod also has cart; by its cgroup \/kubepods/,
      ),
      expect.stringMatching(/^pid 210 curl https:\/\/evil.example\/x; binary \/usr\/bin\/curl; started 20/),
      "started by sh (pid 200: sh /collect.sh) ← containerd-shim (pid 50: containerd-shim-runc-v2 -id x)",
    ]);
    expect(verdict?.meaning).toContain("It descends from the container's own command, sh (pid 200).");
    expect(verdict?.evidence[0]?.source).toEqual({
      kind: "trace",
      trace_id: "trace-dns",
      record: "query",
      filter: "role=client pid=210 name=evil.example",
    });
    expect(verdict?.subject_key).toBe(pods[0]?.key);
    expect(verdict?.proposal?.kind).toBe("advice");
  });

  it("is only likely when anything was lost, left out or is not held any more", () => {
    const scene = {
      inputs,
      actors: [curl],
      asked: [
        { at: 1, by: curl, ...evil },
        { at: 2, by: curl, ...evil },
      ],
    };
    for (const [gap, words] of [
      [{ lost: 3 }, "3 events were lost"],
      [{ held: 1 }, "1 queries are not held"],
    ] as const) {
      const [verdict] = concluded({ ...scene, ...gap });
      expect(verdict).toMatchObject({ kind: "asker", verdict: "likely" });
      expect(verdict?.meaning).toContain(words);
    }
  });

  it("tells one of the same name in another pod apart, and two scripts of one interpreter", () => {
    const other: Actor = {
      pid: 300,
      comm: "curl",
      cgroup: cgroupOf(OTHER_POD, "c"),
      line: "curl https://evil.example/x",
    };
    const one: Actor = { pid: 401, comm: "python3", cgroup: cgroupOf(POD, "a"), line: "python3 serve.py" };
    const two: Actor = { ...one, pid: 402, line: "python3 -c import evil" };
    const asked = [curl, other, one, two].map((by, at) => ({ at, by, ...evil }));
    const verdicts = concluded({ inputs, actors: [curl, other, one, two], datapath: { pods }, asked });
    expect(
      brief(verdicts)
        .map((line) => line.replace(/^.*: /, ""))
        .sort(),
    ).toEqual([
      `curl (pid 210) in container usage-agent of pod shop/cart-7d9f8b6c5-x2x4z`,
      `curl (pid 300) in container cccccccccccc of pod ${OTHER_POD}`,
      `python3 (pid 401) in container cart of pod shop/cart-7d9f8b6c5-x2x4z`,
      `python3 (pid 402) in container cart of pod shop/cart-7d9f8b6c5-x2x4z`,
    ]);
    expect(new Set(verdicts.map(({ id }) => id)).size).toBe(verdicts.length);
  });

  it("names the container of processes that were gone at once, counts them as one program, and says what is not known", () => {
    const gone = [500, 501, 502, 503].map((pid) => ({ ...curl, pid, exe: "curl", seen: [] }) satisfies Actor);
    const asked = gone.map((by, at) => ({ at, by, ...evil }));
    const verdicts = concluded({ inputs, actors: [shim, metrics, ...gone], datapath: { pods }, asked });
    expect(brief(verdicts)).toEqual([
      "asker confirmed: curl (4 processes, pids 500 to 503) in container usage-agent of pod shop/cart-7d9f8b6c5-x2x4z",
    ]);
    expect(textOf(verdicts[0])).toContain("the first process of its container: pid 200 sh /collect.sh");
    expect(textOf(verdicts[0])).toContain("What started it is not known: it was not there when processes were read");
  });

  it("knows the parents of one that lived only at the beginning", () => {
    const [verdict] = concluded({
      inputs,
      actors: [shim, metrics, { ...curl, seen: ["before"] }],
      asked: [{ at: 0, by: curl, ...evil }],
    });
    expect(textOf(verdict)).toContain("gone before the watch was over");
    expect(textOf(verdict)).toContain("started by sh (pid 200");
  });

  it("does not take the command line of a later process with the same number", () => {
    const asker = { ...curl, exe: "curl", seen: [] } satisfies Actor;
    const later: Actor = {
      pid: 210,
      comm: "curl",
      start: 999_999,
      line: "curl https://harmless.example",
      seen: ["after"],
    };
    const [verdict] = concluded({ inputs, actors: [asker, later], asked: [{ at: 1, by: asker, ...evil }] });
    expect(textOf(verdict)).not.toContain("harmless");
  });

  it("says when it was put into the running container", () => {
    const exec: Actor = { pid: 900, comm: "sh", ppid: 50, start: 99_000, cgroup: cgroupOf(POD, "a"), line: "sh" };
    const dig: Actor = {
      pid: 901,
      comm: "dig",
      ppid: 900,
      start: 99_500,
      cgroup: cgroupOf(POD, "a"),
      line: "dig evil.example",
    };
    const [verdict] = concluded({
      inputs,
      actors: [shim, app, exec, dig],
      datapath: { pods },
      asked: [{ at: 1, by: dig, ...evil }],
    });
    expect(verdict?.meaning).toContain("It is not the container's own command (cart, pid 100) nor started by it");
    expect(textOf(verdict)).toContain("the pod bears its name: its main container; the pod also has usage-agent");
  });

  it("takes a process in the node's network for what its cgroup says", () => {
    const host = [{ ...pods[0], host_network: true }] as typeof pods;
    const [verdict] = concluded({
      inputs,
      actors: [curl],
      datapath: { pods: host },
      asked: [{ at: 1, by: curl, ...evil }],
    });
    expect(verdict?.subject).toContain("container usage-agent of pod shop/cart");
    expect(textOf(verdict)).toContain("in the node's network (hostNetwork)");
  });

  it("knows the pod by the older hierarchies, where the unified one names none", () => {
    const told: Actor = { ...curl, cgroup: "/system.slice/containerd.service" };
    const [verdict] = concluded({
      inputs: { ...inputs, pod: POD },
      actors: [shim, metrics, curl],
      datapath: { pods },
      asked: [{ at: 1, by: told, ...evil }],
    });
    expect(verdict?.subject).toBe("curl (pid 210) in container usage-agent of pod shop/cart-7d9f8b6c5-x2x4z");
  });

  it("names the unit of a process that is in no pod", () => {
    const cron: Actor = { pid: 77, comm: "wget", cgroup: "/system.slice/cron.service" };
    expect(brief(concluded({ inputs, actors: [cron], asked: [{ at: 1, by: cron, ...evil }] }))).toEqual([
      "asker confirmed: wget (pid 77) on the node, in cron.service",
    ]);
  });

  it("says when a container was made after its pod, and how often it was started", () => {
    const raw = (createdAt: string, attempt: number, labels = {}) => ({ createdAt, metadata: { attempt }, labels });
    const crictl = {
      pods: [{ id: "s", name: "cart-1", namespace: "shop", uid: POD, state: null, raw: raw("1729594086123456789", 0) }],
      containers: [
        {
          id: containerId("b"),
          pod_sandbox_id: "s",
          name: "debugger-x",
          image: "busybox",
          state: null,
          pod_uid: POD,
          raw: raw("1729597686123456789", 0),
        },
      ],
    };
    const [verdict] = concluded({ inputs, crictl, actors: [curl], asked: [{ at: 1, by: curl, ...evil }] });
    expect(textOf(verdict)).toContain("container debugger-x of pod shop/cart-1; image busybox");
    expect(textOf(verdict)).toContain("3600 s after its pod; not with it: an ephemeral container");
  });
});

describe("what is seen of nobody", () => {
  it("cannot tell when nobody asked, and says for how long it watched", () => {
    const verdicts = concluded({
      inputs,
      actors: [app],
      asked: [{ at: 1, by: app, name: "notevil.example" }],
      seconds: 45,
    });
    expect(verdicts.map(({ kind, verdict }) => [kind, verdict])).toEqual([["nobody-asked", "cannot_tell"]]);
    expect(textOf(verdicts[0])).toContain("watched 45 s: 1 queries");
    expect(verdicts[0]?.missing.join(" ")).toContain("A longer watch (seconds, 45 now)");
  });

  it("cannot tell when the tracer could not run, and says why", () => {
    const verdicts = concluded({ inputs, tracer_error: "This kernel has no BTF." });
    expect(verdicts).toMatchObject([
      { kind: "not-watched", verdict: "cannot_tell", missing: ["This kernel has no BTF."] },
    ]);
  });

  it("says that the pod is not there", () => {
    expect(concluded({ inputs: { pod: "shop/nope" } })[0]?.missing.join()).toContain("has no pod called shop/nope");
  });
});

describe("what a pod or a process asks for", () => {
  const asked = [
    { at: 1, by: curl, ...evil },
    { at: 2, by: app, name: "db.shop.svc.cluster.local" },
    { at: 3, by: app, name: "mail.example", transport: "tcp" as const, resolver: "10.96.0.11" },
    { at: 4, by: app, name: "slow.example", outcome: "unanswered" },
  ];
  const scene = { actors: [shim, app, metrics, curl], datapath: { pods }, asked };

  it.each([
    [{ pod: "shop/cart-7d9f8b6c5-x2x4z" }, 2],
    [{ pod: "cart-7d9f8b6c5-x2x4z" }, 2],
    [{ pod: POD }, 2],
    [{ pod: "shop/another" }, 0],
    [{ process: "curl" }, 1],
    [{ process: "210" }, 1],
    [{ process: "/usr/bin/cart" }, 1],
    [{ name: "*.example" }, 2],
    [{ name: "example" }, 2],
    [{ name: "EVIL.example." }, 1],
    [{ name: "*evil*" }, 1],
    [{ name: "il.example" }, 0],
    [{}, 2],
  ])("of %j", (given, askers) => {
    const verdicts = concluded({ ...scene, inputs: given });
    expect(verdicts.filter(({ kind }) => kind === "asker")).toHaveLength(askers);
  });

  it("tells TCP, another resolver and what nobody answered", () => {
    const [verdict] = concluded({ ...scene, inputs: { process: "cart" } });
    expect(textOf(verdict)).toContain("mail.example: A ×1; NOERROR ×1; asked of 10.96.0.11 over tcp; first +3.0 s");
    expect(textOf(verdict)).toContain("slow.example: A ×1; unanswered ×1; asked of 10.96.0.10 over udp");
  });

  it("sums up what was asked by name, process, pod and resolver", () => {
    const overview = concluded(scene).find(({ kind }) => kind === "overview");
    expect(overview?.evidence.map(({ text }) => text)).toEqual([
      "4 queries in 30 s, 0 of them by processes that ask for others; 0 sent again",
      "outcomes: NOERROR ×3, unanswered ×1; over udp ×3, tcp ×1",
      expect.stringContaining("by name: db.shop.svc.cluster.local ×1"),
      "by process: cart (pid 100) ×3, curl (pid 210) ×1",
      expect.stringContaining("by pod:"),
      "by resolver: 10.96.0.10 ×3, 10.96.0.11 ×1",
    ]);
  });
});

describe("what is run", () => {
  const paramsOf = (inputs: Record<string, string>, mode = "v2") => {
    const step = book.steps.find(({ id }) => id === "watch");
    const plan =
      step?.kind === "measure"
        ? step.plan(aRun({ inputs, datapath: { pods, node: aNode({ cgroup_mode: mode }) } }))
        : null;
    return [plan?.for_s, plan?.traces.find(({ id }) => id === "dns")?.params];
  };
  it("has the tracer tell what is asked about, where it can", () => {
    expect(paramsOf({})).toEqual([30, { role: "both" }]);
    expect(paramsOf({ name: "*.evil.example", seconds: "5" })).toEqual([5, { role: "both", name: "evil.example" }]);
    expect(paramsOf({ name: "evil*" })).toEqual([30, { role: "both" }]);
    expect(paramsOf({ process: "12" })).toEqual([30, { role: "both", pid: "12" }]);
    expect(paramsOf({ pod: "shop/cart-7d9f8b6c5-x2x4z" })).toEqual([
      30,
      { role: "both", cgroup: `kubepods-burstable-pod${POD.replaceAll("-", "_")}.slice` },
    ]);
    expect(paramsOf({ pod: "shop/cart-7d9f8b6c5-x2x4z" }, "v1")).toEqual([30, { role: "both" }]);
  });
});
