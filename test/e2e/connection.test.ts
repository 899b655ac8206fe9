/** A connection as it lives: whose question it is, lost and made again, what it is made of, what it leaves. */
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { EventBody, Prompt } from "../../electron/core/journal/events.ts";
import { screenshot } from "../support/app.ts";
import { type ScriptedHost, scriptedHost } from "../support/scripted-host.ts";
import { connectNode, hostWithNode } from "./node.ts";
import { inChromium, type Look } from "./open.ts";

const open = inChromium();

async function connect(page: Page): Promise<void> {
  await page.getByRole("combobox", { name: "Host" }).fill("node-a");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
}

/** The workspace of a live node. */
async function workspace(host = hostWithNode(), look: Look = {}): Promise<{ page: Page; host: ScriptedHost }> {
  const { page } = await open(host, look);
  await connectNode(page);
  return { page, host };
}

async function showConnection(page: Page): Promise<void> {
  await page.getByRole("tab", { name: "Connection" }).click();
}

describe("a question", () => {
  async function asked(prompt: Prompt): Promise<{ page: Page; host: ScriptedHost }> {
    const host = scriptedHost();
    host.onConnect = (node) => host.emit({ type: "connection.prompt", node, prompt_id: "prompt-1", prompt });
    const { page } = await open(host);
    await connect(page);
    await page.getByRole("dialog").waitFor();
    return { page, host };
  }

  it("of a jump host says so, and how long there is to answer", async () => {
    const { page } = await asked({
      kind: "keyboard_interactive",
      host: "jump.example",
      user: "ops",
      round: 2,
      name: "",
      instructions: "",
      prompts: [{ text: "One-time code: ", echo: false }],
      on_the_way_to: "root@node-7",
      expires_s: 90,
    });
    const dialog = page.getByRole("dialog", { name: "jump.example, logging in ops, asks" });
    await dialog.getByText("root@node-7").waitFor();
    await dialog.getByText("Question 2 of this login").waitFor();
    await dialog
      .getByRole("timer")
      .getByText(/1:\d\d/)
      .waitFor();
    await screenshot(page, "jump-host-question");
  });

  it("whose time is over says that the server may have hung up", async () => {
    const { page } = await asked({ kind: "password", user: "ops", host: "node-a", attempt: 1, expires_s: 0 });
    await page.getByRole("alert").getByText("may have ended the login").waitFor();
  });

  it("keeps nothing unless that is chosen, and offers only what there is", async () => {
    const { page, host } = await asked({
      kind: "password",
      user: "ops",
      host: "node-a",
      attempt: 1,
      may_keep: ["memory"],
    });
    const choices = page.getByRole("radio");
    expect(await choices.count()).toBe(2);
    expect(await page.getByRole("radio", { name: "Do not keep it" }).isChecked()).toBe(true);
    await page.getByText("Keep it in memory").click();
    await page.getByRole("textbox", { name: "Password" }).fill("secret");
    await screenshot(page, "keep-choice");
    await page.getByRole("button", { name: "Continue" }).click();
    expect(await host.nextAsked("node.answer")).toMatchObject({
      answer: { accept: true, values: ["secret"], keep: "memory" },
    });
  });

  it("of PAM is shown in the node's own words, and echoes only where the node says so", async () => {
    const { page } = await asked({
      kind: "sudo_password",
      user: "ops",
      host: "node-a",
      attempt: 1,
      text: "Verification code\u001b[2J:",
      echo: true,
    });
    await page.getByText("Verification code␛[2J:").waitFor();
    expect(await page.getByRole("textbox", { name: "Answer" }).getAttribute("type")).toBe("text");
  });
});

describe("a lost connection", () => {
  const lost = (more: Partial<Extract<EventBody, { type: "connection.lost" }>> = {}): EventBody => ({
    type: "connection.lost",
    node: "node-1",
    error: { code: "connection-lost", message: "The connection to node-a was lost.", hint: "" },
    attempt: 3,
    retry_in_ms: 40_000,
    residue: [],
    ...more,
  });

  it("keeps the picture, counts down to the next try, and can be tried now or stopped", async () => {
    const { page, host } = await workspace();
    host.emit(lost());
    await page.getByText(/Next try \(3\) in \d+ s\./).waitFor();
    await page.getByRole("alert").getByText("What is shown is from before").waitFor();
    await page.getByRole("tab", { name: "Programs" }).waitFor();
    await screenshot(page, "reconnecting");
    await page.getByRole("button", { name: "Try now" }).click();
    expect(await host.nextAsked("node.reconnect")).toMatchObject({ node: "node-1" });
    await page.getByRole("button", { name: "Stop trying" }).click();
    expect(await host.nextAsked("node.cancel")).toMatchObject({ node: "node-1" });
    host.emit({ type: "connection.ready", node: "node-1", host: "h", user: "root", privileges: "root", limits: [] });
    await page.getByText("What is shown is from before").waitFor({ state: "detached" });
  });

  it("that needs a person says that it is not tried by itself", async () => {
    const { page, host } = await workspace();
    host.emit(lost({ retry_in_ms: null }));
    await page.getByText("It is not tried again by itself.").waitFor();
    expect(await page.getByRole("button", { name: "Stop trying" }).count()).toBe(0);
  });
});

describe("the connection view", () => {
  const link: Extract<EventBody, { type: "connection.ready" }>["link"] = {
    backend: "openssh",
    why: "the key ~/.ssh/id_ed25519 has a certificate",
    hops: [
      {
        host: "ops@jump",
        server: "OpenSSH_8.0",
        kex: "diffie-hellman-group14-sha1",
        host_key: "ssh-rsa",
        cipher: "aes128-ctr",
        mac: "hmac-sha1",
        compression: "none",
        auth: ["publickey ED25519 SHA256:abc"],
        weak: [{ what: "diffie-hellman-group14-sha1", why: "it rests on SHA-1" }],
      },
      {
        host: "root@node-a",
        server: null,
        kex: null,
        host_key: null,
        cipher: null,
        mac: null,
        compression: null,
        auth: [],
        weak: [],
      },
    ],
  };

  it("shows by what and over which hosts, and what is weak about it", async () => {
    const host = hostWithNode();
    const before = host.onConnect;
    host.onConnect = (node, input) => {
      before(node, input);
      host.emit({
        type: "connection.ready",
        node,
        host: "root@node-a",
        user: "ops",
        privileges: "none",
        limits: ["No root: sudo is not installed."],
        sudoers: "ops ALL=(root) NOPASSWD: /usr/sbin/bpftool",
        link,
      });
    };
    const { page } = await workspace(host, { theme: "dark" });
    await showConnection(page);
    const way = page.getByRole("region", { name: "Way to the node" });
    await way.getByText("the system's ssh").waitFor();
    await way.getByText("the key ~/.ssh/id_ed25519 has a certificate").waitFor();
    await way.getByRole("list", { name: "Weak" }).getByText("it rests on SHA-1").waitFor();
    expect(await way.getByRole("cell", { name: "not known" }).count()).toBe(6);
    const root = page.getByRole("region", { name: "Being root" });
    await root.getByText("No root: sudo is not installed.").waitFor();
    await root.getByText("ops ALL=(root) NOPASSWD: /usr/sbin/bpftool").waitFor();
    await screenshot(page, "connection-view");
  });

  it("offers to stop what earlier connections left, what is another's only when it is chosen", async () => {
    const { page, host } = await workspace();
    host.emit({
      type: "leftovers.found",
      node: "node-1",
      leftovers: [
        { id: "process:10:20", kind: "process", label: "bpftrace (pid 10)", tag: "t", whose: "ours", since: null },
        {
          id: "folder:/run/.bpfdesk-x",
          kind: "folder",
          label: "/run/.bpfdesk-x",
          tag: null,
          whose: "another",
          since: 1,
        },
      ],
    });
    await page.getByRole("button", { name: "2 things of an earlier connection still on the node" }).click();
    await page.getByRole("checkbox", { name: "bpftrace (pid 10)" }).waitFor();
    await screenshot(page, "leftovers");
    expect(await page.getByRole("checkbox", { name: "/run/.bpfdesk-x" }).isChecked()).toBe(false);
    await page.getByRole("button", { name: "Stop 1 chosen thing" }).click();
    expect(await host.nextAsked("node.stop_leftovers")).toMatchObject({ ids: ["process:10:20"] });
    host.emit({ type: "leftovers.stopped", node: "node-1", stopped: ["process:10:20"], failed: [] });
    await page.getByRole("checkbox", { name: "bpftrace (pid 10)" }).waitFor({ state: "detached" });
  });

  it("proves at the end what is left, what others changed, and what could not be compared", async () => {
    const { page, host } = await workspace();
    host.emit({
      type: "residue.report",
      node: "node-1",
      report: {
        from: 1_000,
        to: 61_000,
        ours: [],
        theirs: [{ kind: "map", change: "added", label: 'map 31 hash "counts"', because: "held by agent (pid 7)" }],
        unknown: [],
        blind: [],
      },
    });
    host.emit({ type: "connection.closed", node: "node-1", reason: "left", error: null, residue: [] });
    await page.getByRole("button", { name: "Left as it was found" }).click();
    const part = page.getByRole("region", { name: "Left as it was found" });
    await part.getByText("Nothing of bpfdesk is left").waitFor();
    await part.getByText("held by agent (pid 7)").waitFor();
    await screenshot(page, "residue");
    host.emit({
      type: "residue.report",
      node: "node-1",
      report: { from: 1, to: 2, ours: [], theirs: [], unknown: [], blind: ["maps: not root"] },
    });
    await part.getByText("not everything could be compared").waitFor();
  });

  it("shows what is kept of secrets and wipes it", async () => {
    const host = hostWithNode();
    host.secrets = {
      ttl_s: 900,
      kept: [
        { kind: "sudo_password", user: "ops", of: "node-a", target: "node-a", where: "memory", until: null },
        { kind: "passphrase", user: "", of: "~/.ssh/id", target: "", where: "keychain", until: null },
      ],
      keychain: { available: true, reason: "" },
    };
    const { page } = await workspace(host);
    await showConnection(page);
    const part = page.getByRole("region", { name: "Secrets that are kept" });
    await part.getByText("ops@node-a").waitFor();
    await part.getByRole("button", { name: "Wipe 1 secret in memory" }).click();
    expect(await host.nextAsked("secrets.wipe")).toEqual({ what: "memory" });
    await part.getByRole("button", { name: "Delete 1 secret from the keychain" }).click();
    expect(await host.nextAsked("secrets.wipe")).toEqual({ what: "keychain" });
    await part.getByRole("button", { name: "4 hours" }).click();
    expect(await host.nextAsked("secrets.keep_for")).toEqual({ ttl_s: 14400 });
  });

  it("tells when commands wait for a place on the connection", async () => {
    const { page, host } = await workspace();
    host.emit({ type: "connection.queue", node: "node-1", running: 8, waiting: 3, limit: 8 });
    await page.getByText("3 commands wait: 8 of 8 run").waitFor();
    host.emit({ type: "connection.queue", node: "node-1", running: 8, waiting: 0, limit: 8 });
    await page.getByText("commands wait").waitFor({ state: "detached" });
  });
});

it("shows what connecting would use and which files say so, when it is asked for", async () => {
  const host = scriptedHost();
  const hop = {
    alias: "node-a",
    hostname: "10.0.0.5",
    port: 22,
    identity_files: [
      { file: "/home/ops/.ssh/id_ed25519", exists: true },
      { file: "/home/ops/.ssh/id_rsa", exists: false },
    ],
    agent: null,
    identities_only: true,
    known_as: "10.0.0.5",
    user_known_hosts: ["/home/ops/.ssh/known_hosts"],
    global_known_hosts: [],
    strict_host_key_checking: "ask" as const,
    proxy_command: null,
    config_files: ["/home/ops/.ssh/config", "/home/ops/.ssh/conf.d/work"],
    approximate: false,
  };
  host.resolve = (target) => ({
    target,
    backend: "ssh2",
    why: "bpfdesk's own connection does all this host asks for.",
    hops: [
      { ...hop, host: "ops@jump", user: "ops" },
      { ...hop, host: "root@10.0.0.5", user: "root" },
    ],
  });
  const { page } = await open(host);
  await page.getByRole("combobox", { name: "Host" }).fill("node-a");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "What will be used?" }).click();
  const node = page.getByRole("region", { name: "root@10.0.0.5" });
  await node.getByText("/home/ops/.ssh/conf.d/work").waitFor();
  await node.getByText("/home/ops/.ssh/id_rsa (not there)").waitFor();
  await page.getByRole("heading", { name: "1. jump host: ops@jump" }).waitFor();
  await screenshot(page, "resolved");
  await page.getByRole("button", { name: "Close" }).click();
  await node.waitFor({ state: "detached" });
});

it("replaces the key of a known host only when its name is typed and the fingerprint fits", async () => {
  const host = scriptedHost();
  host.onConnect = (node) =>
    host.emit({
      type: "connection.failed",
      node,
      error: {
        code: "host-key-changed",
        phase: "host_key",
        message: "The host key of node-a has changed.",
        hint: "Someone may be listening in.",
        host_key: {
          name: "node-a",
          key_type: "ssh-ed25519",
          fingerprint: "SHA256:new",
          key: "AAAA",
          known: [{ file: "/home/ops/.ssh/known_hosts", line: 3, key_type: "ssh-ed25519", fingerprint: "SHA256:old" }],
        },
      },
    });
  const { page } = await open(host);
  await connect(page);
  await page.getByRole("button", { name: "Replace the known key…" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Replace the known key of node-a?" });
  await dialog.getByText("/home/ops/.ssh/known_hosts:3").waitFor();
  const replace = dialog.getByRole("button", { name: "Replace and connect" });
  expect(await replace.isDisabled()).toBe(true);
  await dialog.getByRole("textbox", { name: "Type node-a to confirm" }).fill("node-a");
  await dialog.getByRole("textbox", { name: "Fingerprint you got another way" }).fill("SHA256:other");
  await dialog.getByText("That is not the key it showed.").waitFor();
  expect(await replace.isDisabled()).toBe(true);
  await screenshot(page, "replace-key");
  await dialog.getByRole("textbox", { name: "Fingerprint you got another way" }).fill("SHA256:new");
  await replace.click();
  expect(await host.nextAsked("node.replace_host_key")).toMatchObject({ confirm: "node-a", fingerprint: "SHA256:new" });
  expect(await host.nextAsked("node.reconnect")).toMatchObject({ node: "node-1" });
});

it("tells the host when the network is back", async () => {
  const host = scriptedHost();
  const { page } = await open(host);
  await page.context().setOffline(true);
  await page.context().setOffline(false);
  expect(await host.nextAsked("app.wake")).toEqual({ reason: "network" });
});
