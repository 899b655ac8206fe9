/**
 * Two network namespaces with a wire between them, and on it programs of which one drops exactly every so many-th datagram
 * (bpf/lab/dropper.bpf.c). What was lost is known from who received, not from any counter of the kernel.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { buildLab } from "../lab/node/build.ts";
import { must, run } from "../lab/node/exec.ts";

const DATAGRAMS = path.resolve(import.meta.dirname, "datagrams.pl");
export const FIRST_SOURCE_PORT = 20_000;

export type Mechanism = "clsact" | "tcx" | "native XDP" | "generic XDP" | "dropping all";

export interface Chain {
  /** Where the programs are, for the tracer's parameters. */
  netns: string;
  ifname: string;
  direction: "egress" | "ingress" | "xdp";
  /** Of the programs in their order. */
  prog_ids: number[];
  addresses: { from: string; to: string };
  /** Sends frames (hex, behind the addresses of the link layer) as they are. */
  sendFrames(frames: readonly string[]): Promise<void>;
  /** Sends so many datagrams from each of so many source ports; how many were lost of each. */
  send(ports: number, each: number): Promise<number[]>;
  stop(): Promise<void>;
}

interface Layout {
  /** The namespace and interface that the programs are on. */
  at: "from" | "to";
  ifname: string;
  direction: "egress" | "ingress" | "xdp";
  programs: string[];
  plan: string[];
}

function layoutOf(mechanism: Mechanism): Layout {
  if (mechanism === "clsact" || mechanism === "tcx") {
    const programs = ["goes_on", "drops_some"];
    const attach = (name: string, index: number) =>
      mechanism === "tcx" ? `tcx wire egress chain:${name}` : `filter wire egress ${index + 1} 1 chain:${name}`;
    const plan = [...(mechanism === "clsact" ? ["clsact wire"] : []), ...programs.map(attach)];
    return { at: "from", ifname: "wire", direction: "egress", programs, plan };
  }
  if (mechanism === "dropping all") {
    // What comes behind it is added by `startChain`: classic BPF, which is no program.
    const plan = ["clsact eth0", "filter eth0 ingress 1 1 chain:goes_on"];
    return { at: "to", ifname: "eth0", direction: "ingress", programs: ["goes_on"], plan };
  }
  const programs = ["jumps_to_drops_some_xdp"];
  const plan = [
    "call chain:dropper_next_xdp 0 chain:drops_some_xdp",
    `xdp eth0 ${mechanism.replace(" XDP", "")} chain:jumps_to_drops_some_xdp`,
  ];
  return { at: "to", ifname: "eth0", direction: "xdp", programs, plan };
}

let made = 0;

export async function startChain(mechanism: Mechanism, { every }: { every: number }): Promise<Chain> {
  made += 1;
  const netns = { from: `bpfdesk-v${process.pid}-${made}a`, to: `bpfdesk-v${process.pid}-${made}b` };
  const addresses = { from: "10.9.0.1", to: "10.9.0.2" };
  const { at, ifname, direction, programs, plan } = layoutOf(mechanism);
  const dir = buildLab();
  const agent = { end: async () => {} };
  const stop = async () => {
    await agent.end();
    for (const name of Object.values(netns)) await run(["ip", "netns", "delete", name]);
  };
  try {
    await makeWire(netns, addresses);
    const load = `load chain ${dir}/dropper.o config=0,0,0,${every}`;
    const prog_ids = await carryOut([load, ...plan], { netns: netns[at], dir, programs, agent });
    if (mechanism === "dropping all") {
      const filter = ["filter", "add", "dev", ifname, "ingress", "pref", "2", "bpf", "da", "bytecode", "1,6 0 0 2"];
      await must(["tc", "-netns", netns[at], ...filter]);
    }
    const sendFrames = async (frames: readonly string[]) => {
      await must(["ip", "netns", "exec", netns.from, "perl", DATAGRAMS, "frames", "wire"], frames.join("\n"));
    };
    const send = (ports: number, each: number) => exchange({ netns, to: addresses.to, ports, each });
    return { netns: netns[at], ifname, direction, prog_ids, addresses, sendFrames, send, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** No neighbour discovery and no IPv6: every packet on the wire is one of the test. */
async function makeWire(netns: Chain["addresses"], addresses: Chain["addresses"]): Promise<void> {
  for (const name of Object.values(netns)) await must(["ip", "netns", "add", name]);
  const from = (...words: string[]) => must(["ip", "-netns", netns.from, ...words]);
  const to = (...words: string[]) => must(["ip", "-netns", netns.to, ...words]);
  await from("link", "add", "wire", "type", "veth", "peer", "name", "eth0", "netns", netns.to);
  for (const [inner, name, address] of [
    [from, "wire", addresses.from],
    [to, "eth0", addresses.to],
  ] as const) {
    await inner("link", "set", name, "addrgenmode", "none");
    await inner("address", "add", `${address}/24`, "dev", name);
    await inner("link", "set", name, "up");
  }
  const [{ address = "" } = {}] = JSON.parse(await to("-json", "link", "show", "dev", "eth0")) as {
    address?: string;
  }[];
  await from("neighbour", "replace", addresses.to, "lladdr", address, "dev", "wire", "nud", "permanent");
}

/** The loader holds what it loaded until its plan ends. Returns the programs' numbers. */
async function carryOut(
  plan: readonly string[],
  { netns, dir, programs, agent }: { netns: string; dir: string; programs: string[]; agent: { end(): Promise<void> } },
): Promise<number[]> {
  const child = spawn("ip", ["netns", "exec", netns, path.join(dir, "lab-agent"), "--once"]);
  const closed = once(child, "close");
  agent.end = async () => {
    child.stdin.end();
    await closed;
  };
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  child.stdin.on("error", () => undefined); // it ended: what it said tells why
  child.stdin.write(`${[...plan, "say done"].join("\n")}\n`);
  const ids = new Map<string, number>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [kind, id, name] = line.split(" ");
    if (kind === "prog") ids.set(name ?? "", Number(id));
    if (kind !== "done") continue;
    return programs.map((one) => ids.get(one) ?? 0);
  }
  throw new Error(`lab-agent ended: ${said}`);
}

async function exchange(of: { netns: Chain["addresses"]; to: string; ports: number; each: number }): Promise<number[]> {
  const { netns, to, ports, each } = of;
  const receiver = spawn("ip", ["netns", "exec", netns.to, "perl", DATAGRAMS, "receive", to], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const got = new Map<number, number>();
  try {
    for await (const line of createInterface({ input: receiver.stdout })) {
      // One CPU, so that the last datagram comes last.
      const send = ["taskset", "-c", "0", "perl", DATAGRAMS, "send", to, `${ports}`, `${each}`];
      if (line === "ready") await must(["ip", "netns", "exec", netns.from, ...send]);
      const [port, count] = line.split(" ").map(Number);
      if (count !== undefined) got.set(port ?? 0, count);
    }
  } finally {
    receiver.kill("SIGKILL");
  }
  return Array.from({ length: ports }, (_, index) => each - (got.get(FIRST_SOURCE_PORT + index) ?? 0));
}
