/** Collecting over a real OpenSSH server: on a good line, on one that is cut, and from accounts that refuse. */
import * as path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Section } from "../../electron/core/collect/section.ts";
import { collectNode } from "../../electron/host/collect/collect.ts";
import { loadSections } from "../../electron/host/collect/sections.ts";
import { connected } from "../support/ssh-connect.ts";
import { atEnd, sshd, stopAfterEach } from "../support/ssh-lab.ts";
import { startProxy } from "../support/tcp-proxy.ts";
import { until } from "./node/exec.ts";

let sections: Section[];
beforeAll(async () => {
  const all = await loadSections(path.resolve(import.meta.dirname, "../../resources"));
  // This machine's own namespaces are not the subject here.
  sections = all.map((section) => ({ ...section, scope: section.scope.filter((place) => place === "node") }));
});

stopAfterEach();

describe("collecting over SSH", () => {
  it.each(["root", "engineer"])("brings every section for %s, with sudo where that is needed", async (user) => {
    const transport = await connected(await sshd(), { user });
    atEnd(() => transport.close());
    const collected = await collectNode(transport, { sections, bpftool: null });
    expect(collected.complete).toBe(true);
    expect(collected.noise).toBe("");
    expect(collected.sections.map(({ section }) => section)).toEqual(
      sections.filter(({ stage }) => stage === 1).map(({ id }) => id),
    );
    expect(collected.sections[0]?.stdout).toMatch(/^uid=0$/m);
    expect(collected.sections.filter(({ stderr }) => stderr.startsWith("not root"))).toEqual([]);
  });

  it("keeps what arrived when the line is cut, and leaves no process on the node", async () => {
    const server = await sshd();
    const line = await startProxy({ target: server });
    atEnd(() => line.stop());
    const transport = await connected(server, { user: "root", port: line.port });
    const hanging = {
      ...(sections[0] as Section),
      id: "a.hang",
      order: 105,
      command: "echo half; sleep 4343",
      timeout_s: 60,
    };
    const seen: string[] = [];
    const collected = await collectNode(transport, {
      sections: [...sections, hanging],
      bpftool: null,
      onSection: ({ section }) => {
        seen.push(section);
        if (section === "bpf.prog") line.cut();
      },
    });
    const before = sections.filter(({ order, stage }) => stage === 1 && order < 105).map(({ id }) => id);
    expect(collected.complete).toBe(false);
    expect(collected.sections.map(({ section }) => section).slice(0, before.length)).toEqual(before);
    expect(seen).toEqual(collected.sections.map(({ section }) => section));
    expect(await until(() => server.processes().length === 0, 20_000)).toBe(true);
  });

  it("says which node answered what, when a forced command stands in the way", async () => {
    const server = await sshd({
      config: [
        "ForceCommand sh -c 'case $SSH_ORIGINAL_COMMAND in *bpfdesk-collect*) echo Backups only; exit 1;; *) eval \"$SSH_ORIGINAL_COMMAND\";; esac'",
      ],
    });
    const transport = await connected(server, { user: "root" });
    atEnd(() => transport.close());
    await expect(collectNode(transport, { sections, bpftool: null })).rejects.toMatchObject({
      data: { node: transport.host, phase: "collecting", cause: expect.stringContaining("Backups only") as string },
    });
  });
});
