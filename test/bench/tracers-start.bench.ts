/**
 * From the start of a tracer to its first event, against bpftrace's one-liner for the same question in the same traffic, on this
 * machine. The one-liner prints the main fields that the tracer prints: flow, namespace, what the socket knows. For that it needs the
 * kernel's types, which is most of its time; how long it takes to say only that something happened is printed beside.
 */
import { tracerBinary } from "../support/tracer.ts";
import { defineBench, type Figure, median, ms, times } from "./define.ts";
import { firstLine, type Mode, startTraffic, workshop } from "./tracer-runs.ts";

const RUNS = 5;
const PER_SECOND = 500;

/** bpftrace needs tracefs, which not every machine has mounted; ours is started the same way. */
const TRACEFS = '[ -d /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing; exec "$@"';
const WITHIN = ["unshare", "--mount", "sh", "-c", TRACEFS, "sh"];

interface Question {
  question: string;
  traffic: Mode;
  tracer: string[];
  record: string;
  /** The tracepoint, and a filter. No kprobes, so that it runs on every kernel. */
  probe: string;
  /** Prints what the tracer tells of such an event; needs the kernel's types, as the answer does. */
  script: string;
}

const QUESTIONS: Question[] = [
  {
    question: "who retransmits",
    traffic: "unanswered",
    tracer: ["retrans"],
    record: "retransmit",
    probe: "tracepoint:tcp:tcp_retransmit_skb",
    script: `$sk = (struct sock *)args->skaddr; $tp = (struct tcp_sock *)args->skaddr;
      printf("EVENT %s:%d %s:%d state %d srtt %d rto %d cwnd %d netns %u\\n", ntop(args->saddr), args->sport,
        ntop(args->daddr), args->dport, args->state, $tp->srtt_us, $tp->inet_conn.icsk_rto, $tp->snd_cwnd,
        $sk->__sk_common.skc_net.net->ns.inum);`,
  },
  {
    question: "what is dropped",
    traffic: "closed",
    tracer: ["drops"],
    record: "drop",
    probe: "tracepoint:skb:kfree_skb",
    script: `$skb = (struct sk_buff *)args->skbaddr; $ip = (struct iphdr *)($skb->head + $skb->network_header);
      printf("EVENT %d %s %s %s %s %d netns %u\\n", args->reason, ksym(args->location), $skb->dev->name,
        ntop($ip->saddr), ntop($ip->daddr), $ip->protocol, $skb->dev->nd_net.net->ns.inum);`,
  },
  {
    question: "who connects",
    traffic: "connect",
    tracer: ["connect"],
    record: "connection",
    probe: "tracepoint:sock:inet_sock_set_state /args->newstate == 7/",
    script: `$sk = (struct sock *)args->skaddr; $tp = (struct tcp_sock *)args->skaddr;
      printf("EVENT %s %d %s:%d %s:%d srtt %d netns %u\\n", comm, pid, ntop(args->saddr), args->sport, ntop(args->daddr),
        args->dport, $tp->srtt_us, $sk->__sk_common.skc_net.net->ns.inum);`,
  },
];
/** The least that bpftrace can say. */
const BAREST = 'printf("EVENT\\n");';

export default defineBench({
  title: `Start to first event (median of ${RUNS}), ${PER_SECOND} events a second`,
  async run() {
    const binary = await tracerBinary();
    const shop = workshop();
    try {
      const program = shop.compile("traffic.c");
      const figures: Figure[] = [];
      for (const one of QUESTIONS) figures.push(...(await measure(one, binary, program)));
      return figures;
    } finally {
      shop.remove();
    }
  },
});

async function measure(one: Question, binary: string, program: string): Promise<Figure[]> {
  const traffic = await startTraffic(program, one.traffic, PER_SECOND);
  try {
    // A SYN is sent again after a second: from then on there are as many retransmits as connections.
    if (one.traffic === "unanswered") await new Promise((resolve) => setTimeout(resolve, 1500));
    const isRecord = (line: string) => line.startsWith(`{"record":"${one.record}"`);
    const ours: number[] = [];
    const theirs: number[] = [];
    const barest: number[] = [];
    const bpftrace = (script: string) =>
      firstLine([...WITHIN, "bpftrace", "-e", `${one.probe} { ${script} }`], (line) => line.startsWith("EVENT"));
    // In turns, so that whatever else the machine does falls on all.
    for (let run = 0; run < RUNS; run++) {
      ours.push(await firstLine([...WITHIN, binary, "run", ...one.tracer], isRecord));
      theirs.push(await bpftrace(one.script));
      barest.push(await bpftrace(BAREST));
    }
    return [
      { label: `${one.question}: ${one.tracer[0]}`, value: ms(median(ours)) },
      { label: `${one.question}: bpftrace, the same answer`, value: ms(median(theirs)) },
      { label: `${one.question}: ratio`, value: times(median(theirs), median(ours)) },
      { label: `${one.question}: bpftrace, only that it happened`, value: ms(median(barest)) },
    ];
  } finally {
    await traffic.stop();
  }
}
