/**
 * What is live: SSH, this machine, the collector and the tool that is lent, wired for the service.
 *
 * Only wiring. A test gives the service other parts.
 */
import { join } from "node:path";
import type { SshHost, SshResolved } from "../shared/contract.ts";
import { askPod } from "./change/checks.ts";
import { lendChange } from "./change/lend.ts";
import { collectFollowUp, collectNode, readSections } from "./collect/collect.ts";
import { installationOf } from "./installation.ts";
import { takeInventory } from "./residue/inventory.ts";
import { stopLeftovers } from "./residue/stop.ts";
import { connectWithSecrets } from "./secrets/ask.ts";
import type { SecretStore } from "./secrets/store.ts";
import type { LiveConnectors } from "./session/targets.ts";
import type { NodeWork } from "./session/work.ts";
import { connectSsh } from "./ssh/connect.ts";
import { describeTarget } from "./ssh/describe.ts";
import { listSshHosts } from "./ssh/resolve.ts";
import { chooseBpftool } from "./tools/ensure-bpftool.ts";
import { lendTracers } from "./trace/lend.ts";
import { connectLocal, localAvailable } from "./transport/local.ts";
import { newTag } from "./transport/tag.ts";

export interface LiveParts {
  live: LiveConnectors;
  work: Omit<NodeWork, "sections">;
  localAvailable(): { available: boolean; reason: string };
  listSshHosts(): Promise<SshHost[]>;
  resolveSsh(target: string, signal: AbortSignal): Promise<SshResolved>;
}

export interface LivePartsOptions {
  resourcesDir: string;
  dataDir: string;
  known_hosts?: string;
}

/** A change that was not confirmed is put back by the node after so many seconds: time for the checks, and for a slow line. */
const LEASE_S = 20;

export function liveParts(options: LivePartsOptions, secrets: SecretStore): LiveParts {
  const toolsDir = join(options.resourcesDir, "tools");
  const changeDir = join(options.resourcesDir, "change");
  const tracersDir = join(options.resourcesDir, "tracers");
  const known_hosts = options.known_hosts ? { known_hosts: options.known_hosts } : {};
  const tag = () => newTag(installationOf(options.dataDir));
  return {
    live: {
      ssh: (target, context) =>
        connectWithSecrets(
          (asking) => connectSsh({ ...target, ...known_hosts, ...asking, tag: tag() }),
          context,
          secrets,
          target.target,
        ),
      local: (chosen, context) =>
        connectWithSecrets((asking) => connectLocal({ ...chosen, ...asking, tag: tag() }), context, secrets, "local"),
    },
    work: {
      ensureBpftool: (transport, context) => chooseBpftool(transport, { toolsDir, ...context }),
      collectNode,
      collectFollowUp,
      readSections,
      lendTracers: (transport, { signal }) => lendTracers(transport, { tracersDir, signal }),
      changes: {
        lend: (transport, { signal }) => lendChange(transport, { dir: changeDir, signal }),
        askPod,
        lease_s: LEASE_S,
      },
      residue: { takeInventory, stopLeftovers },
    },
    localAvailable,
    listSshHosts: () => listSshHosts(),
    resolveSsh: (target, signal) => describeTarget(target, { ...known_hosts, signal }),
  };
}
