/** No serious finding of axe on any screen, in light and dark. */
import { describe, expect, it } from "vitest";
import { screenshot } from "../support/app.ts";
import { scriptedHost } from "../support/scripted-host.ts";
import { seriousFindings } from "./axe.ts";
import { connectNode, hostWithNode, openSample, smallNode } from "./node.ts";
import { inChromium } from "./open.ts";

const open = inChromium();

describe.each(["light", "dark"] as const)("in %s", (theme) => {
  it("the first screen, a prompt and a failed connection are sound", async () => {
    const host = scriptedHost();
    host.hosts = [{ alias: "node-a", hostname: null, user: null, port: null, file: "config" }];
    host.onConnect = (node) => {
      host.emit({ type: "connection.phase", node, phase: "authenticating", detail: "password" });
      const prompt = { kind: "password", user: "ops", host: "node-a", attempt: 2 } as const;
      host.emit({ type: "connection.prompt", node, prompt_id: "prompt-1", prompt });
    };
    const { page } = await open(host, { theme });
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole("combobox", { name: "Host" }).fill("node-a");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.getByRole("dialog").waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole("textbox", { name: "Password" }).fill("x");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    host.emit({
      type: "connection.failed",
      node: "node-1",
      error: { code: "auth-failed", phase: "authenticating", message: "No.", hint: "Try.", cause: "Because." },
    });
    await page.getByRole("alert").waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await screenshot(page, `failed-${theme}`);
  });

  it("several nodes, their findings and two of them side by side are sound", async () => {
    const host = scriptedHost();
    const { page } = await open(host, { theme });
    await page.getByRole("combobox", { name: "Host" }).fill("node-a, node-b");
    await page.getByRole("button", { name: "Connect to 2 nodes" }).click();
    await page.getByRole("heading", { name: "2 nodes" }).waitFor();
    for (const node of ["node-1", "node-2"]) {
      host.emit({ type: "collect.finished", node, collect_id: "c", complete: true, datapath: smallNode() });
    }
    for (const tab of ["Nodes", "Findings of all nodes", "Two nodes side by side"]) {
      await page.getByRole("tab", { name: tab, exact: true }).click();
      expect({ tab, serious: await seriousFindings(page) }).toEqual({ tab, serious: [] });
    }
  });

  it("the connection of a live node with all it can tell is sound", async () => {
    const host = hostWithNode();
    const { page } = await open(host, { theme });
    await connectNode(page);
    const hop = { server: null, kex: "k", host_key: "h", cipher: "c", mac: "m", compression: null, auth: ["password"] };
    const node = "node-1";
    host.emit({
      type: "connection.ready",
      node,
      host: "node-a",
      user: "ops",
      privileges: "none",
      limits: ["No root."],
      sudoers: "ops ALL=(root) NOPASSWD: /usr/sbin/bpftool",
      link: { backend: "ssh2", why: "nothing", hops: [{ host: "a", ...hop, weak: [{ what: "k", why: "old" }] }] },
    });
    host.emit({
      type: "leftovers.found",
      node,
      leftovers: [{ id: "process:1:2", kind: "process", label: "sh (pid 1)", tag: "t", whose: "ours", since: 1 }],
    });
    host.emit({
      type: "connection.lost",
      node,
      error: { code: "connection-lost", message: "Lost.", hint: "" },
      attempt: 1,
      retry_in_ms: 60_000,
      residue: [],
    });
    await page.getByText("Next try (1)").waitFor();
    await page.getByRole("tab", { name: "Connection" }).click();
    await page.getByRole("checkbox", { name: "sh (pid 1)" }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });

  it("the workspace, each of its views, the inspector and the palette are sound", async () => {
    const host = hostWithNode();
    host.disassembly = () => ({ command_id: "c", text: "   0: (85) call bpf_tail_call#12\n   1: (95) exit\n" });
    host.output = [{ stream: "stdout", bytes: new TextEncoder().encode("[]\n") }];
    const { page } = await open(host, { theme });
    await openSample(page);
    await page.getByRole("tab", { name: "Programs" }).click();
    await page.getByRole("grid", { name: "Programs" }).getByRole("gridcell").first().click();
    await page.getByText("Where this comes from").click();
    await page.getByRole("button", { name: "Disassemble" }).click();
    await page.locator(".monaco-editor .view-line").first().waitFor();
    for (const view of [
      "Disassembly",
      "Picture",
      "Interfaces",
      "Programs",
      "Maps",
      "Links",
      "Findings",
      "Changes",
      "Connection",
      "Commands",
    ]) {
      await page.getByRole("tab", { name: view, exact: true }).click();
      expect({ view, serious: await seriousFindings(page) }).toEqual({ view, serious: [] });
      await screenshot(page, `${view.toLowerCase()}-${theme}`);
    }
    await page.getByRole("tab", { name: "Commands run" }).click();
    await page.getByRole("grid", { name: "Commands run" }).getByRole("gridcell").first().click();
    await page.locator(".xterm-rows").getByText("[]").waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press("Control+k");
    await page.getByRole("option").first().waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });
});
