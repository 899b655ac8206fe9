/** Puts a made-up node on the page through a scripted host: what most page tests start from. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import type { Datapath } from "../../electron/core/model/types.ts";
import { bigNode, NODE_SIZES } from "../support/big-node.ts";
import { type ScriptedHost, scriptedHost } from "../support/scripted-host.ts";

/** Waits for it, on a busy machine too. */
export const eventually = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: 20_000 });

/** Reaches a live node by SSH as root, from the first screen. */
export async function connectNode(page: Page): Promise<void> {
  await page.getByRole("combobox", { name: "Host" }).fill("node-a");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByRole("button", { name: "Refresh" }).waitFor();
}

/** Opens what stands behind the sample incident, from the first screen. */
export async function openSample(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Open the sample incident" }).click();
  await page.getByRole("button", { name: "Refresh" }).waitFor();
}

/** A host whose sample is `datapath`; each refresh brings the next of `later`, then the last one again. */
export function hostWithNode(datapath: Datapath = smallNode(), later: Datapath[] = []): ScriptedHost {
  const host = scriptedHost();
  const pictures = [datapath, ...later];
  let collected = 0;
  const collect = (node: string) => {
    const collect_id = `collect-${collected}`;
    const picture = pictures[Math.min(collected, pictures.length - 1)] ?? datapath;
    collected += 1;
    host.emit({ type: "collect.started", node, collect_id, command_id: "command-1", sections: [] });
    host.emit({ type: "collect.finished", node, collect_id, complete: true, datapath: picture });
  };
  host.sections = [
    {
      id: "bpf.prog",
      title: "Loaded programs",
      why: "Every program with its name.",
      command: "$BPFTOOL -j -f prog show",
      scope: "node",
      needs_root: true,
      timeout_s: 10,
      max_bytes: 1_000_000,
    },
  ];
  host.onConnect = (node) => {
    host.emit({ type: "connection.ready", node, host: "10.0.0.5", user: "root", privileges: "root", limits: [] });
    host.emit({
      type: "command.started",
      node,
      command_id: "command-1",
      text: "#!/bin/sh\nbpftool -j prog show",
      shell_line: "ssh root@10.0.0.5 sh -s",
      host: "10.0.0.5",
      user: "root",
      root: true,
      purpose: "collect",
    });
    host.emit({
      type: "command.ended",
      node,
      command_id: "command-1",
      exit: 0,
      signal: null,
      duration_ms: 120,
      stdout_bytes: 40,
      stderr_bytes: 0,
      error: null,
    });
    collect(node);
  };
  host.onCollect = collect;
  return host;
}

export function smallNode(): Datapath {
  return bigNode(NODE_SIZES.small);
}
