/**
 * `snapshot` and `mapdump` against what bpftool, tc, ip and /proc say about the same node: whole results, byte for byte.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { inflateSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { MapFramesReader } from "../../electron/core/trace/map-frames.ts";
import { startTracer, TracerRefused, tracerBinary } from "../support/tracer.ts";
import { portableBpftool } from "./node/bpftool.ts";
import { buildLab } from "./node/build.ts";
import { must } from "./node/exec.ts";
import { type Lab, startLab } from "./node/lab.ts";
import { observeHooks } from "./node/observe.ts";
import { endpointPods } from "./node/plan.ts";

type Line = Record<string, unknown>;

const KEY_SIZE = 8;
const VALUE_SIZE = 8;
/** enum bpf_map_type */
const TYPES = { hash: 1, percpu_hash: 5, lru_hash: 9, lpm_trie: 11, queue: 22 };

const dumpOf = (id: number, params: Record<string, number | boolean> = {}) =>
  startTracer("mapdump", { map_id: id, ...params }, { foreign: [`map ${id}`] });

/** Maps whose contents follow the node's processes, so that asking changes them. */
const LIVE = new Set(["execve_map", "tg_stats_map"]);

const byNumber = (name: string) => (a: Line, b: Line) => Number(a[name]) - Number(b[name]);

describe("a snapshot of a node", () => {
  let lab: Lab;
  let ended: Awaited<ReturnType<Awaited<ReturnType<typeof startTracer>>["over"]>>;
  beforeAll(async () => {
    lab = await startLab({ pods: 3, bpftool: portableBpftool() });
    const tracer = await startTracer("snapshot", {}, { within: lab.enter });
    ended = await tracer.over();
  });
  afterAll(async () => {
    await lab.stop();
  });

  const isOwn = ({ id }: Line) => lab.state.own.map.includes(Number(id));
  const inNode = async (script: string) => (await must([...lab.enter, "sh", "-c", script])).trim();
  const json = async (...argv: string[]) => JSON.parse((await lab.run(argv)).stdout) as Line[];

  it("ends by itself and says that it is whole", () => {
    expect(ended.summary).toMatchObject({ ended: "done", complete: true, lost: 0 });
    expect(ended.notes).toEqual([]);
    expect(ended.code).toBe(0);
  });

  it("has every network namespace of the node with its processes and interfaces", async () => {
    const seen = await inNode("for p in /proc/[0-9]*; do stat -L -c %i $p/ns/net; done 2>/dev/null | sort | uniq");
    const told = ended.totals("netns");
    expect(told.map(({ inum }) => String(inum)).sort()).toEqual(seen.split("\n"));
    expect(told.filter(({ why }) => why !== "")).toEqual([]);
    const host = told.find(({ pid }) => pid === 1);
    expect(host?.interfaces).toBe((await json("ip", "-j", "link")).length);
  });

  it("has what runs on every interface, in the order in which the kernel runs it", async () => {
    const host = Number(await inNode("stat -L -c %i /proc/1/ns/net"));
    const hooks = ended.totals("hook").filter(({ netns }) => netns === host);
    const place = ({ ifname, hook, direction }: Line) =>
      `${ifname} ${hook === "xdp" ? "xdp" : `tc_${direction}`}` as const;
    const told = new Map<string, unknown[]>();
    for (const row of hooks) {
      const { hook, prog_id, pref, handle } = row;
      const shown = handle === null ? null : `0x${Number(handle).toString(16)}`;
      told.set(place(row), [...(told.get(place(row)) ?? []), { mechanism: hook, prog_id, pref, handle: shown }]);
    }
    const truth = (await observeHooks(lab)).map(({ ifname, hook, entries }) => [
      `${ifname} ${hook}`,
      entries.map(({ mechanism, prog_id, pref, handle }) => ({ mechanism, prog_id, pref, handle })),
    ]);
    expect(truth.length).toBeGreaterThan(0);
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(truth));
  });

  it("has nothing on a pod's interfaces that tc does not show there", async () => {
    for (const pod of endpointPods(lab.plan)) {
      const [pid] = (await inNode(`cat /sys/fs/cgroup${pod.container_cgroup}/cgroup.procs`)).split("\n");
      const netns = Number(await inNode(`stat -L -c %i /proc/${pid}/ns/net`));
      const show = "for d in ingress egress; do tc -j filter show dev eth0 $d; done";
      const rows = (await inNode(`nsenter -t ${pid} -n sh -c '${show}'`))
        .split("\n")
        .flatMap((text) => JSON.parse(text));
      const programs = rows.flatMap(({ options }: { options?: { prog?: { id: number } } }) => options?.prog?.id ?? []);
      const told = ended.totals("hook").filter((row) => row.netns === netns && row.hook === "clsact");
      expect(told.map(({ prog_id }) => prog_id)).toEqual(programs);
    }
  });

  it("has every link with its target, the namespace of its interface and the path of its cgroup", async () => {
    const host = Number(await inNode("stat -L -c %i /proc/1/ns/net"));
    const own = new Set(lab.state.own.link);
    const truth = (await json("bpftool", "-j", "link", "show")).filter(({ id }) => own.has(Number(id)));
    const told = ended.totals("link").filter(({ id }) => own.has(Number(id)));
    const common = ({ id, type, prog_id }: Line) => ({ id, type, prog_id });
    expect(told.map(common).sort(byNumber("id"))).toEqual(truth.map(common).sort(byNumber("id")));
    const of = (type: string, rows: Line[]) => rows.filter((row) => row.type === type).sort(byNumber("id"));
    expect(of("tcx", told).map(({ ifindex, attach_type, netns }) => ({ ifindex, attach_type, netns }))).toEqual(
      of("tcx", truth).map(({ ifindex, attach_type }) => ({ ifindex, attach_type, netns: host })),
    );
    const cgroups = of("cgroup", told);
    expect(cgroups.map(({ cgroup_id, attach_type }) => ({ cgroup_id, attach_type }))).toEqual(
      of("cgroup", truth).map(({ cgroup_id, attach_type }) => ({ cgroup_id, attach_type })),
    );
    for (const { cgroup, cgroup_id } of cgroups) {
      expect(Number(await inNode(`stat -c %i /sys/fs/cgroup${cgroup}`))).toBe(cgroup_id);
    }
  });

  it("has every map as bpftool shows it", async () => {
    const maps = (await json("bpftool", "-j", "map", "show")).filter(isOwn);
    // Memory of a table that is not allocated at once depends on what is in it.
    const memory = (flags: unknown, bytes: unknown) => (Number(flags) & 1 ? null : bytes);
    expect(
      ended
        .totals("map")
        .filter(isOwn)
        .map(({ record: _, entries: _1, counted: _2, why: _3, memlock_bytes, ...row }) => ({
          ...row,
          memlock_bytes: memory(row.flags, memlock_bytes),
        })),
    ).toEqual(
      maps.map((row) => ({
        id: row.id,
        name: row.name ?? "",
        type: row.type,
        max_entries: row.max_entries,
        key_size: row.bytes_key,
        value_size: row.bytes_value,
        memlock_bytes: memory(row.flags, row.bytes_memlock),
        flags: row.flags,
        frozen: row.frozen === 1,
        owner_prog_type: row.owner_prog_type ?? null,
      })),
    );
  });

  /** What bpftool shows of a map, and what was asked while it did not change. */
  async function whileTheSame<T>(id: unknown, ask: () => Promise<T>): Promise<{ truth: Line[]; told: T }> {
    const dump = () => json("bpftool", "-j", "map", "dump", "id", String(id));
    let before = await dump();
    for (let again = 0; again < 20; again++) {
      const told = await ask();
      const truth = await dump();
      if (JSON.stringify(truth) === JSON.stringify(before)) return { truth: truth.flatMap(entryOf), told };
      before = truth;
    }
    throw new Error(`The map ${id} changes all the time.`);
  }

  it("counts as many entries in every map as bpftool shows, and says how it knows", async () => {
    const counted = ended.totals("map").filter(isOwn);
    expect(counted.filter((row) => row.counted === "no").map(({ type }) => type)).toEqual(["ringbuf"]);
    expect(counted.filter((row) => row.counted === "slots" && row.entries !== row.max_entries)).toEqual([]);
    const shown = async () => {
      const sizes = new Map<unknown, number>();
      for (const { id, counted: how, name } of counted) {
        if (LIVE.has(String(name)) || (how !== "kernel" && how !== "read")) continue;
        const rows = await json("bpftool", "-j", "map", "dump", "id", String(id));
        sizes.set(id, rows.flatMap(entryOf).length);
      }
      return sizes;
    };
    const before = await shown();
    const tracer = await startTracer("snapshot", { parts: "maps" }, { within: lab.enter });
    const told = new Map((await tracer.over()).totals("map").map(({ id, entries }) => [id, entries]));
    const after = await shown();
    const still = [...before].filter(([id, size]) => after.get(id) === size);
    expect(still.length).toBeGreaterThan(before.size / 2);
    expect(still.map(([id]) => [id, told.get(id)])).toEqual(still);
  });

  it("has every process that holds a program, a map or a link, by its descriptor", async () => {
    const lines = await inNode("grep -H -E '^(prog|map|link)_(id|type):' /proc/[0-9]*/fdinfo/* 2>/dev/null || true");
    const held = new Map<string, Map<string, string>>();
    for (const [, pid, fd, name = "", value = ""] of lines.matchAll(/^\/proc\/(\d+)\/fdinfo\/(\d+):(\w+):\t(\w+)$/gm)) {
      const key = `${pid} ${fd}`;
      held.set(key, (held.get(key) ?? new Map()).set(name, value));
    }
    const truth = [...held].flatMap(([key, fields]) => {
      for (const kind of ["link", "map", "prog"]) {
        // A perf event's descriptor names its program and is none.
        if (fields.has(`${kind}_type`)) return [`${key} ${kind} ${fields.get(`${kind}_id`)}`];
      }
      return [];
    });
    const told = ended.totals("owner").map(({ pid, fd, kind, object_id }) => `${pid} ${fd} ${kind} ${object_id}`);
    expect(truth.length).toBeGreaterThan(0);
    expect(told.sort()).toEqual(truth.sort());
  });

  it("dumps each kind of map as bpftool does, byte for byte", async () => {
    const kinds = new Map<unknown, Line>();
    for (const row of ended.totals("map").filter(isOwn)) {
      if (row.counted === "no" || Number(row.max_entries) > 100_000 || LIVE.has(String(row.name))) continue;
      if (Number(row.entries) > 0 || !kinds.has(row.type)) kinds.set(row.type, row);
    }
    expect(kinds.size).toBeGreaterThan(3);
    for (const { id } of kinds.values()) {
      const { truth, told } = await whileTheSame(id, async () => (await dumpOf(Number(id))).over());
      expect(told.summary).toMatchObject({ complete: true, repeated: 0, entries: truth.length });
      const entries = told.lines.filter(({ record }) => record === "entry");
      expect(sorted(entries.map(({ key, value, values }) => ({ key, value, values })))).toEqual(sorted(truth));
    }
  });
});

/** A row of bpftool's dump as `mapdump` has it; an empty slot of an array of programs is none. */
function entryOf(row: Line): Line[] {
  const hex = (bytes: unknown) =>
    (bytes as string[]).map((byte) => Number.parseInt(byte, 16).toString(16).padStart(2, "0")).join("");
  if (row.values) {
    const values = (row.values as { value: unknown }[]).map(({ value }) => hex(value));
    return [{ key: hex(row.key), value: undefined, values }];
  }
  return Array.isArray(row.value) ? [{ key: hex(row.key), value: hex(row.value), values: undefined }] : [];
}

const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort();

describe("a dump of a map", () => {
  const holding: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of holding.splice(0)) {
      const gone = once(child, "exit");
      child.stdin?.end();
      await gone;
    }
  });

  /** Makes a map with `stay` entries, and as many that come and go; resolves with its id. */
  async function hold(type: keyof typeof TYPES, stay: number, change = 0): Promise<number> {
    const keySize = type === "queue" ? 0 : KEY_SIZE;
    const sizes = [TYPES[type], keySize, VALUE_SIZE, 4 * (stay + change) + 4, stay, change].map(String);
    const child = spawn(path.join(buildLab(), "lab-maps"), sizes, { stdio: ["pipe", "pipe", "inherit"] });
    holding.push(child);
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    return Number(line.split(" ")[1]);
  }

  /** The number that an entry was made from. */
  const numberOf = (key: string) => Buffer.from(key, "hex").readUInt32LE(KEY_SIZE - 4);

  it.each(["hash", "lru_hash", "lpm_trie"] as const)(
    "has each entry that stays exactly once while others come and go: %s",
    async (type) => {
      const stay = 20_000;
      const id = await hold(type, stay, 5_000);
      const tracer = await dumpOf(id);
      const { lines, summary } = await tracer.over();
      const numbers = lines.filter(({ record }) => record === "entry").map(({ key }) => numberOf(String(key)));
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(numbers.filter((n) => n < stay).sort((a, b) => a - b)).toEqual(Array.from({ length: stay }, (_, n) => n));
      expect(summary).toMatchObject({ ended: "done", complete: true, entries: numbers.length });
    },
  );

  it.each([false, true])("is the same as frames as in lines (compressed: %s)", async (compress) => {
    const id = await hold("percpu_hash", 3_000);
    const tracer = await dumpOf(id);
    const { lines } = await tracer.over();
    const told = lines.filter(({ record }) => record === "entry");
    const cpus = Number(lines.find(({ record }) => record === "map")?.cpus);
    const framed: unknown[] = [];
    const reader = new MapFramesReader({
      inflate: (bytes, limit) => inflateSync(bytes, { maxOutputLength: limit }),
      entries({ count, keys, values }, { key_size, value_stride }) {
        for (let i = 0; i < count; i++) {
          const value = Buffer.from(values.subarray(i * value_stride, (i + 1) * value_stride));
          const one = (cpu: number) =>
            value.toString("hex", (cpu * value_stride) / cpus, (cpu * value_stride) / cpus + VALUE_SIZE);
          const key = Buffer.from(keys.subarray(i * key_size, (i + 1) * key_size)).toString("hex");
          framed.push({ record: "entry", key, values: Array.from({ length: cpus }, (_, cpu) => one(cpu)) });
        }
      },
    });
    const params = [`map_id=${id}`, "format=binary", `compress=${compress}`].flatMap((one) => ["--param", one]);
    const child = spawn(await tracerBinary(), ["run", "mapdump", ...params], { stdio: ["pipe", "pipe", "inherit"] });
    for await (const bytes of child.stdout) reader.push(bytes as Buffer);
    expect(reader.finish()).toMatchObject({ entries: 3_000, summary: { complete: true } });
    expect(sorted(framed)).toEqual(sorted(told));
  });

  it("gives keys only, and only so many, and says that there may be more", async () => {
    const id = await hold("hash", 2_000);
    const tracer = await dumpOf(id, { keys_only: true, limit: 700 });
    const { lines, summary } = await tracer.over();
    const entries = lines.filter(({ record }) => record === "entry");
    expect(entries).toHaveLength(700);
    expect(entries.filter((entry) => "value" in entry)).toEqual([]);
    expect(summary).toMatchObject({ ended: "done", entries: 700, complete: false });
  });

  it("says why a map cannot be read instead of showing it empty", async () => {
    const said = (params: Record<string, number>) =>
      startTracer("mapdump", params).then(
        () => null,
        (error: unknown) => (error instanceof TracerRefused ? error.error.code : error),
      );
    expect(await said({ map_id: 4_294_967_295 })).toBe("no-map");
    expect(await said({ map_id: await hold("queue", 0) })).toBe("not-readable");
  });
});
