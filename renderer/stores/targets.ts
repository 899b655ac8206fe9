/** What can be connected to, as the host knows it: hosts of the SSH configuration, groups, what was opened lately. */
import { createStore } from "zustand/vanilla";
import type { RecentTarget, SshHost, TargetGroup } from "../../electron/shared/contract.ts";
import { errorData } from "../host/error-data.ts";
import { host } from "../host/link.ts";

export interface Targets {
  hosts: readonly SshHost[];
  groups: readonly TargetGroup[];
  recent: readonly RecentTarget[];
  /** What could not be read, in words; empty when all is well. */
  trouble: string;
}

export const targetsStore = createStore<Targets>(() => ({ hosts: [], groups: [], recent: [], trouble: "" }));

/** Reads all of it anew. One that cannot be read does not cost the others. */
export async function loadTargets(signal?: AbortSignal): Promise<void> {
  const { client } = host();
  const options = signal ? { signal } : {};
  const [hosts, groups, recent] = await Promise.allSettled([
    client.call("ssh.hosts", {}, options),
    client.call("groups.list", {}, options),
    client.call("recent.list", {}, options),
  ]);
  if (signal?.aborted) return;
  const failed = [hosts, groups, recent].flatMap((one) =>
    one.status === "rejected" ? [errorData(one.reason).message] : [],
  );
  targetsStore.setState({
    hosts: hosts.status === "fulfilled" ? hosts.value : [],
    groups: groups.status === "fulfilled" ? groups.value : [],
    recent: recent.status === "fulfilled" ? recent.value : [],
    trouble: failed.join(" "),
  });
}
