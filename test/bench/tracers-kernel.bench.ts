/**
 * What needs fexit and kprobes, in a virtual machine of a distribution's kernel. Its processor is emulated: times are several
 * times those of a real one, so each is printed beside something that was measured the same way, and ratios are what counts.
 * verdict's cost a packet is also given for this machine: scaled by how much longer the traced program itself takes in there.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Machine, startMachine } from "../kernels/lib/machine.ts";
import { must } from "../lab/node/exec.ts";
import { startTracer, tracerBinary } from "../support/tracer.ts";
import { startChain } from "../support/verdict-chain.ts";
import { defineBench, type Figure, times } from "./define.ts";

const KERNEL = "6.12";
const PACKETS = 20_000;
const RUNS = 3;

/** A program that parses each packet and drops one in fifty, on a pod's clsact egress. */
const PLAN = `exec agent.sh << PLAN
load d $FILES/dropper.o config=0,0,0,50
clsact pod0
filter pod0 egress 1 1 d:drops_some
PLAN`;
/** Sends packets, and prints what the program took meanwhile as the kernel measures it. */
const SEND = `stat() { bpftool -j prog show id $prog_drops_some | python3 -c 'import json,sys; p=json.load(sys.stdin); print(p.get("run_time_ns",0), p.get("run_cnt",0))'; }
sysctl -qw kernel.bpf_stats_enabled=1
before=$(stat)
udp_send.py 10.7.0.2 7777 --count ${PACKETS}
after=$(stat)
echo "$before $after" | python3 -c 'import sys; t,c,T,C=map(int,sys.stdin.read().split()); print("NS=%d\\nRUNS=%d" % ((T-t)/max(1,C-c), C-c))'`;

export default defineBench({
  title: `On kernel ${KERNEL} in a virtual machine (emulated processor)`,
  async run() {
    const machine = await startMachine(KERNEL);
    try {
      await machine.admin.upload(readFileSync(await tracerBinary()), "/root/files/bpfdesk-tracer", 0o755);
      await machine.admin.upload(
        readFileSync(join(import.meta.dirname, "first_line.py")),
        "/root/files/first_line.py",
        0o755,
      );
      return [...(await verdictCost(machine)), ...(await starts(machine))];
    } finally {
      await machine.stop();
    }
  },
});

async function verdictCost(machine: Machine): Promise<Figure[]> {
  await machine.script("bash pair.sh", {});
  const agent = await machine.serve(PLAN, {});
  try {
    const ids = agent.variables;
    const alone = await machine.script(SEND, ids);
    const tracer = await machine.serve(
      `mkfifo /root/hold; exec 0<>/root/hold; rm /root/hold
bpfdesk-tracer run verdict --param prog_ids=$prog_drops_some --budget 10000 --for 200 > /root/verdict.json &
trap 'kill -INT %1' INT
until grep -q schema /root/verdict.json; do sleep 0.1; done
echo ready
wait %1 || true
wait %1 || true
python3 - << 'PY'
import json
cost = json.loads(open("/root/verdict.json").read().splitlines()[-1])["cost"]
print("FEXIT_NS=%d\\nFEXIT_RUNS=%d" % (cost["bpf_run_time_ns"] / max(1, cost["bpf_run_cnt"]), cost["bpf_run_cnt"]))
PY`,
      ids,
    );
    const traced = await machine.script(SEND, ids);
    const fexit = await tracer.stop();
    const own = await onThisMachine();
    const factor = Number(alone.NS) / own;
    return [
      { label: "traced program alone, a packet, in the machine", value: `${alone.NS} ns` },
      { label: "traced program with verdict's fexit, a packet", value: `${traced.NS} ns` },
      { label: "verdict's fexit program, a packet", value: `${fexit.FEXIT_NS} ns (${fexit.FEXIT_RUNS} runs)` },
      { label: "the same traced program on this machine", value: `${own.toFixed(0)} ns` },
      {
        label: "verdict's fexit program, scaled to this machine",
        value: `about ${(Number(fexit.FEXIT_NS) / factor).toFixed(0)} ns (an estimate: ${factor.toFixed(1)} times as fast)`,
      },
    ];
  } finally {
    await agent.stop();
    await machine.script("bash clear.sh", {});
  }
}

/** Nanoseconds a run of the same program, on this machine's own processor. */
async function onThisMachine(): Promise<number> {
  const chain = await startChain("clsact", { every: 50 });
  // While it runs, the kernel keeps the statistics of all programs.
  const tracer = await startTracer("drops", { reasons: "XDP" });
  try {
    const id = chain.prog_ids.at(-1) ?? 0;
    const figures = async () => {
      const row = JSON.parse(await must(["bpftool", "-j", "prog", "show", "id", `${id}`])) as Record<string, number>;
      return { ns: row.run_time_ns ?? 0, runs: row.run_cnt ?? 0 };
    };
    const before = await figures();
    await chain.send(10, PACKETS / 10);
    const after = await figures();
    return (after.ns - before.ns) / (after.runs - before.runs);
  } finally {
    await tracer.end();
    await chain.stop();
  }
}

/** A server and its clients, so that connections begin and end all the time. */
const CONNECT = `exec python3 - << 'PY'
import socket, time
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(64)
print("ready", flush=True)
while True:
    client = socket.create_connection(server.getsockname())
    server.accept()[0].close()
    client.close()
    time.sleep(0.01)
PY`;
const STARTS: { label: string; pattern: string; command: string }[] = [
  { label: "connect", pattern: '"record":"connection"', command: "bpfdesk-tracer run connect --budget 10000" },
  { label: "libbpf-tools' tcpconnect", pattern: "127.0.0.1", command: "tcpconnect" },
  {
    label: "bpftrace on the kernel function",
    pattern: "EVENT",
    command: `bpftrace -e 'kprobe:tcp_connect { $sk = (struct sock *)arg0; printf("EVENT %s %d %s:%d\\n", comm, pid, ntop($sk->__sk_common.skc_daddr), $sk->__sk_common.skc_dport); }'`,
  },
];

async function starts(machine: Machine): Promise<Figure[]> {
  const traffic = await machine.serve(CONNECT, {});
  try {
    const took: number[] = [];
    for (const { pattern, command } of STARTS) {
      const { MS } = await machine.script(`first_line.py ${RUNS} '${pattern}' ${command}`, {});
      took.push(Number(MS));
    }
    const [ours = Number.NaN, ...others] = took;
    return [
      ...STARTS.map(({ label }, index) => ({
        label: `who connects, to the first event (median of ${RUNS}): ${label}`,
        value: `${took[index]} ms`,
      })),
      ...others.map((theirs, index) => ({ label: `ratio to ${STARTS[index + 1]?.label}`, value: times(theirs, ours) })),
    ];
  } finally {
    await traffic.stop();
  }
}
