/** What only the node can tell of a planned change: which boot it is, where the SSH session comes in, how often the program runs. */
import type { SshPath } from "../../core/change/ssh-path.ts";
import { execChecked } from "../tools/checked.ts";
import { firstText } from "../transport/text.ts";
import type { NodeTransport } from "../transport/types.ts";

export interface NodeAnswers {
  /** Of this run of its kernel; empty where it does not say. */
  boot: string;
  path: SshPath | null | "none";
}

/** As the login user, whose environment holds the session's addresses: `client port server port` (sshd(8), dropbear too). */
const ASK = `cat /proc/sys/kernel/random/boot_id || echo
echo "$SSH_CONNECTION"
c=\${SSH_CONNECTION%% *}; case $c in ::ffff:*.*) c=\${c#::ffff:};; esac
case $c in '') ;; *%*) echo "dev \${c#*%}";; *) ip -o route get "$c";; esac`;

/** A second between two looks at the program, each with the uptime in front. */
const RUNS = `for s in 1 0; do cat /proc/uptime; "$1" -j prog show id "$2" | head -c 65536; echo; sleep $s; done`;

const LIMIT_MS = 10_000;
const ANSWER = 256 * 1024;

/** Rejects with the transport's error. */
export async function askNode(transport: NodeTransport, signal: AbortSignal): Promise<NodeAnswers> {
  const text = await say(transport, { argv: ["sh", "-c", ASK], root: false, record_key: "change-ask", signal });
  const [boot = "", connection = "", ...route] = text.split("\n");
  if (transport.kind === "local") return { boot: boot.trim(), path: "none" };
  const [, , address = ""] = connection.trim().split(" ");
  if (address === "") return { boot: boot.trim(), path: null };
  const dev = /(?:^| )dev (\S+)/.exec(route.join(" "))?.[1] ?? null;
  return { boot: boot.trim(), path: { server: withoutScope(address), dev } };
}

const withoutScope = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");

/** Runs per second where run statistics are on; null when the program is gone. Takes a second. */
export async function measureRuns(
  transport: NodeTransport,
  { bpftool, prog_id, signal }: { bpftool: string; prog_id: number; signal: AbortSignal },
): Promise<number | null> {
  const argv = ["sh", "-c", RUNS, "bpfdesk-runs", bpftool, String(prog_id)];
  const text = await say(transport, { argv, root: true, record_key: "change-runs", signal });
  // bpftool leaves the figures of a program out that has not run.
  const looks = [...text.matchAll(/^(\d+\.\d+) \S+\n(?:.*"id":\d+,(?:.*?"run_cnt":(\d+))?)?/gm)];
  const [before, after] = looks.map(([row, uptime, runs]) => ({
    at: Number(uptime),
    runs: row.includes('"id":') ? Number(runs ?? 0) : Number.NaN,
  }));
  if (!before || !after || !(after.at > before.at) || !(after.runs >= before.runs)) return null;
  return (after.runs - before.runs) / (after.at - before.at);
}

async function say(
  transport: NodeTransport,
  request: { argv: string[]; root: boolean; record_key: string; signal: AbortSignal },
): Promise<string> {
  const execution = await execChecked(transport, { ...request, timeout_ms: LIMIT_MS });
  execution.stderr.resume();
  const [stdout] = await Promise.all([firstText(execution.stdout, ANSWER), execution.exited]);
  return stdout;
}
