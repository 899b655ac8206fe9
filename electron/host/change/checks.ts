/** What is looked at before and after a change: does the node still answer, does the pod answer as it did. */
import type { Found } from "../../core/change/attachment.ts";
import type { Datapath } from "../../core/model/types.ts";
import { connectionStands } from "../session/probe.ts";
import type { NodeTransport } from "../transport/types.ts";

/** `cannot_tell`: nothing on the node could ask. */
export type PodAnswer = "answered" | "silent" | "cannot_tell";
export type AskPod = (transport: NodeTransport, address: string) => Promise<PodAnswer>;

/** What the checks came to: all of them in words, and why it may not stay. */
export interface Verified {
  checks: string[];
  /** Null when it may. */
  failed: string | null;
}

/** The first answer is enough: a program that loses some packets is no reason to say that a pod is gone. */
const PING = `command -v ping >/dev/null 2>&1 || exit 3
for i in 1 2 3; do ping -n -c 1 -W 1 "$1" >/dev/null 2>&1 && exit 0; done
exit 1`;
const PING_MS = 5000;

/** Asks from the node, as the kubelet's probes do. Takes three seconds at most where nothing answers. */
export const askPod: AskPod = async (transport, address) => {
  try {
    const execution = await transport.exec({
      argv: ["sh", "-c", PING, "bpfdesk-ping", address],
      root: true,
      timeout_ms: PING_MS,
      record_key: "change-pod",
    });
    execution.stdout.resume();
    execution.stderr.resume();
    const { code } = await execution.exited;
    return code === 0 ? "answered" : code === 1 ? "silent" : "cannot_tell";
  } catch {
    // The connection is looked at by itself.
    return "cannot_tell";
  }
};

/** The pod behind an interface and an address of it that the node can ask; null where there is none. */
export function podBehind({ iface }: Found, datapath: Datapath): { name: string; address: string } | null {
  const pod = datapath.pods.find(({ key }) => key === iface.pod);
  if (pod === undefined) return null;
  const inside = datapath.interfaces.filter((one) => !one.host_netns && one.pod === iface.pod);
  const addresses = inside.flatMap((one) => one.addresses).map((text) => text.split("/")[0] ?? "");
  const address = addresses.find((one) => !/^(?:127\.|::1$|fe80:|169\.254\.)/i.test(one));
  return address === undefined ? null : { name: pod.name === null ? pod.uid : `${pod.namespace}/${pod.name}`, address };
}

/** `before`: what the pod said before the change; null where there is no pod to ask. */
export async function verify(
  transport: NodeTransport,
  {
    exact,
    pod,
    before,
    ask,
  }: { exact: boolean; pod: ReturnType<typeof podBehind>; before: PodAnswer | null; ask: AskPod },
): Promise<Verified> {
  const checks: string[] = [];
  const fail = (text: string): Verified => ({ checks: [...checks, text], failed: text });
  if (!exact) return fail("The chain is not what was to remain: something else has changed with it.");
  checks.push("The chain was read again: exactly that attachment is gone, all others are there in the same order.");
  const began = performance.now();
  if (!(await connectionStands(transport))) return fail("The node did not answer over the same connection.");
  checks.push(`The node answered over the same connection within ${Math.ceil(performance.now() - began)} ms.`);
  if (pod === null || before === null)
    return {
      checks: [...checks, "Cannot tell whether a pod still answers: no pod's address is known behind this interface."],
      failed: null,
    };
  const words = `pod ${pod.name} (${pod.address})`;
  if (before !== "answered") {
    const why = before === "silent" ? "it did not answer a ping from the node before either" : "the node has no ping";
    return { checks: [...checks, `Cannot tell whether ${words} still answers: ${why}.`], failed: null };
  }
  const after = await ask(transport, pod.address);
  if (after === "silent") return fail(`The ${words} answered a ping from the node before and does not any more.`);
  checks.push(
    after === "answered"
      ? `The ${words} answers a ping from the node, as before.`
      : `Cannot tell whether ${words} still answers: the question did not come through.`,
  );
  return { checks, failed: null };
}
