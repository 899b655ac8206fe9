/** What only the node can tell of a planned change: which boot it is, where the SSH session comes in, how often the program runs. */
import { z } from "zod";
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

/** A node in trouble is slow, and a plan is worth waiting for. */
const LIMIT_MS = 30_000;
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

const COUNT_MS = 1000;
const counted = z.object({ record: z.literal("runs"), runs: z.number(), ms: z.number().positive() });

/** Runs per second of a program, on all its hooks; null where they cannot be counted. `path`: of bpfdesk-change there. */
export async function countRuns(
  transport: NodeTransport,
  { path, prog_id, signal }: { path: string; prog_id: number; signal: AbortSignal },
): Promise<number | null> {
  const argv = [path, "runs", "--prog-id", String(prog_id), "--for-ms", String(COUNT_MS)];
  const text = await say(transport, { argv, root: true, record_key: "change-runs", signal });
  const read = counted.safeParse(tryJson(text));
  return read.success ? (read.data.runs * 1000) / read.data.ms : null;
}

/** Undefined for what is none. */
function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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
