/** The way to a node: doors, steps, every question a node can ask, every way it can fail. */
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { Prompt } from "../../electron/core/journal/events.ts";
import { screenshot } from "../support/app.ts";
import { type ScriptedHost, scriptedHost } from "../support/scripted-host.ts";
import { hostWithNode, openSample } from "./node.ts";
import { inChromium } from "./open.ts";

const FINGERPRINT = "SHA256:k5Nq0ioXrBdqrFkfqJXEvvHzRUsxJjJgKyMrAfeh7xA";

const open = inChromium();

/** A host that stops at a prompt; returns the page with the dialog open. */
async function openAtPrompt(prompt: Prompt, host = scriptedHost()): Promise<{ page: Page; host: ScriptedHost }> {
  host.onConnect = (node) => {
    host.emit({ type: "connection.phase", node, phase: "authenticating", detail: "asking" });
    host.emit({ type: "connection.prompt", node, prompt_id: "prompt-1", prompt });
  };
  const { page } = await open(host);
  await page.getByRole("combobox", { name: "Host" }).fill("ops@10.0.0.5:2222");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.locator("[role=dialog], [role=alertdialog]").waitFor();
  return { page, host };
}

const answered = (host: ScriptedHost) => host.nextAsked("node.answer") as Promise<{ answer: unknown }>;

it("offers the sample, this machine with the reason when it cannot be, SSH and a file", async () => {
  const host = scriptedHost();
  host.hosts = [{ alias: "node-a", hostname: "10.0.0.5", user: "root", port: 2222, file: "~/.ssh/config" }];
  const { page } = await open(host);
  const machine = page.getByRole("region", { name: "This machine" });
  expect(await machine.getByRole("button").isDisabled()).toBe(true);
  await machine.getByText("This needs Linux.").waitFor();
  await page.getByRole("region", { name: "Sample incident" }).getByText("A made-up node.").waitFor();
  await page.getByRole("combobox", { name: "Host" }).click();
  await page.getByRole("option", { name: "node-a" }).waitFor();
  await screenshot(page, "first-screen");
  await page.getByRole("option", { name: "node-a" }).click();
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  expect(await host.nextAsked("node.connect")).toMatchObject({ target: { kind: "ssh", target: "node-a" } });
});

it("connects to typed text with an identity file", async () => {
  const host = scriptedHost();
  const { page } = await open(host);
  await page.getByRole("combobox", { name: "Host" }).fill("ops@10.0.0.5:2222");
  await page.getByText("Identity file and way to connect").click();
  await page.getByRole("textbox", { name: "Private key file" }).fill("~/.ssh/work");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  expect(await host.nextAsked("node.connect")).toMatchObject({
    target: { kind: "ssh", target: "ops@10.0.0.5:2222", identity_file: "~/.ssh/work" },
  });
});

it("opens a file by its bytes", async () => {
  const host = scriptedHost();
  const { page } = await open(host);
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Open a file…" }).click();
  await (await chooser).setFiles({ name: "node.snap", mimeType: "", buffer: Buffer.from([31, 139, 8]) });
  const asked = (await host.nextAsked("node.connect")) as { target: { name: string; bytes: Uint8Array } };
  expect(asked.target.name).toBe("node.snap");
  expect([...asked.target.bytes]).toEqual([31, 139, 8]);
});

it("shows the step it is at, and cancels there", async () => {
  const host = scriptedHost();
  host.onConnect = (node) => host.emit({ type: "connection.phase", node, phase: "connecting", detail: "10.0.0.5:22" });
  const { page } = await open(host);
  await page.getByRole("combobox", { name: "Host" }).fill("node-a");
  await page.keyboard.press("Enter");
  const step = page.locator('[aria-current="step"]');
  await step.getByText("10.0.0.5:22").waitFor();
  expect(await step.textContent()).toContain("Connecting");
  await page.getByRole("button", { name: "Cancel" }).click();
  expect(await host.nextAsked("node.cancel")).toMatchObject({ node: "node-1" });
});

it("shows the collection section by section, with what a section could not see", async () => {
  const host = scriptedHost();
  host.onConnect = (node) => {
    host.emit({ type: "connection.ready", node, host: "h", user: "u", privileges: "none", limits: ["no programs"] });
    host.emit({
      type: "collect.started",
      node,
      collect_id: "c",
      command_id: "command-1",
      sections: [
        { section: "node.kernel", title: "Kernel" },
        { section: "bpf.prog", title: "Loaded programs" },
      ],
    });
    host.emit({
      type: "collect.section",
      node,
      collect_id: "c",
      scope: "node",
      state: {
        section: "bpf.prog",
        scope: "node",
        ok: false,
        exit: 1,
        ms: 4,
        bytes: 0,
        truncated: false,
        warnings: [{ code: "no-root", message: "Needs root." }],
      },
    });
  };
  const { page } = await open(host);
  await page.getByRole("button", { name: "Open the sample incident" }).click();
  const progress = page.getByRole("region", { name: "Progress of the collection" });
  await progress.getByText("1 of 2 sections").waitFor();
  await progress.getByText("Needs root.").waitFor();
  await screenshot(page, "collecting");
});

it("asks about a new host key with Cancel in focus, and tells a pasted fingerprint apart", async () => {
  const { page, host } = await openAtPrompt({
    kind: "host_key_new",
    host: "10.0.0.5",
    port: 2222,
    key_type: "ssh-ed25519",
    fingerprint: FINGERPRINT,
    known_types: [],
  });
  const dialog = page.getByRole("alertdialog", { name: "Is this 10.0.0.5:2222?" });
  await dialog.getByText(FINGERPRINT).waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe("Cancel");
  const expected = dialog.getByRole("textbox", { name: "Expected fingerprint" });
  await expected.fill(FINGERPRINT.replace("k5", "k6"));
  await dialog.getByText("They differ.").waitFor();
  expect(await dialog.getByRole("button", { name: "Trust and connect" }).isDisabled()).toBe(true);
  await screenshot(page, "host-key");
  await expected.fill(FINGERPRINT);
  await dialog.getByText("They are the same.").waitFor();
  await dialog.getByRole("button", { name: "Trust and connect" }).click();
  expect((await answered(host)).answer).toEqual({ accept: true, values: [] });
  await dialog.waitFor({ state: "detached" });
});

it("warns more strongly when a known host shows another kind of key; Escape refuses", async () => {
  const { page, host } = await openAtPrompt({
    kind: "host_key_new",
    host: "10.0.0.5",
    port: 22,
    key_type: "ssh-rsa",
    fingerprint: FINGERPRINT,
    known_types: ["ssh-ed25519"],
  });
  await page.getByRole("alert").getByText("known with another kind of key").waitFor();
  await page.keyboard.press("Escape");
  expect((await answered(host)).answer).toEqual({ accept: false, values: [] });
});

it("asks for a password without showing it, and says when it was not accepted", async () => {
  const { page, host } = await openAtPrompt({ kind: "password", user: "ops", host: "10.0.0.5", attempt: 2 });
  const dialog = page.getByRole("dialog", { name: "Password of ops on 10.0.0.5" });
  await dialog.getByText("That was not accepted. Attempt 2.").waitFor();
  const field = dialog.getByLabel("Password");
  expect(await field.getAttribute("type")).toBe("password");
  await expect.poll(() => field.evaluate((element) => element === document.activeElement)).toBe(true);
  await page.keyboard.type("secret");
  await page.keyboard.press("Enter");
  expect((await answered(host)).answer).toEqual({ accept: true, values: ["secret"] });
  await dialog.waitFor({ state: "detached" });
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + location.href);
  expect(kept).not.toContain("secret");
});

it("asks for the passphrase of a key and starts empty at the next question", async () => {
  const { page, host } = await openAtPrompt({ kind: "passphrase", file: "~/.ssh/id_ed25519", attempt: 1 });
  await page.getByRole("textbox", { name: "Passphrase" }).fill("first try");
  await page.getByRole("button", { name: "Continue" }).click();
  await answered(host);
  host.emit({
    type: "connection.prompt",
    node: "node-1",
    prompt_id: "prompt-2",
    prompt: { kind: "passphrase", file: "~/.ssh/id_ed25519", attempt: 2 },
  });
  await page.getByText("Attempt 2.").waitFor();
  expect(await page.getByRole("textbox", { name: "Passphrase" }).inputValue()).toBe("");
});

it("passes on the questions of a server as text, hiding what must not echo", async () => {
  const { page, host } = await openAtPrompt({
    kind: "keyboard_interactive",
    host: "10.0.0.5",
    name: "<b>Two steps</b>",
    instructions: "Enter\u001b[2J both",
    prompts: [
      { text: "Code: ", echo: true },
      { text: "Password: ", echo: false },
    ],
  });
  await page.getByText("<b>Two steps</b>").waitFor();
  await page.getByText("Enter␛[2J both").waitFor();
  await page.getByLabel("Code:").fill("123456");
  expect(await page.getByLabel("Password:").getAttribute("type")).toBe("password");
  await page.getByLabel("Password:").fill("secret");
  await screenshot(page, "keyboard-interactive");
  await page.getByRole("button", { name: "Continue" }).click();
  expect((await answered(host)).answer).toEqual({ accept: true, values: ["123456", "secret"] });
});

it("lets one go on without root, or cancel, when sudo wants a password", async () => {
  const { page, host } = await openAtPrompt({ kind: "sudo_password", user: "ops", host: "10.0.0.5", attempt: 1 });
  await page.getByRole("button", { name: "Cancel" }).last().click();
  expect(await host.nextAsked("node.cancel")).toMatchObject({ node: "node-1" });
  await page.getByRole("button", { name: "Go on without root" }).click();
  expect((await answered(host)).answer).toEqual({ accept: false, values: [] });
});

it("asks before a tool is copied to a node, saying which and how it is removed", async () => {
  const { page, host } = await openAtPrompt({
    kind: "upload_bpftool",
    host: "10.0.0.5",
    reason: "bpftool 7.1 is older than kernel 6.12.",
    version: "7.5.0",
    bytes: 3_145_728,
    sha256: "a".repeat(64),
  });
  const dialog = page.getByRole("dialog", { name: "Use bpfdesk's own bpftool on 10.0.0.5?" });
  await dialog.getByText("bpftool 7.1 is older than kernel 6.12.").waitFor();
  await dialog.getByText("3.0 MiB").waitFor();
  await screenshot(page, "upload");
  await dialog.getByRole("button", { name: "Copy and use it" }).click();
  expect((await answered(host)).answer).toEqual({ accept: true, values: [] });
});

it("says at which step it failed, what to try, and tries again", async () => {
  const host = scriptedHost();
  host.onConnect = (node) => {
    host.emit({ type: "connection.phase", node, phase: "authenticating", detail: "" });
    host.emit({
      type: "connection.failed",
      node,
      error: {
        code: "auth-failed",
        phase: "authenticating",
        message: "10.0.0.5 accepted none of the keys.",
        hint: "Load the key into the agent, or name it as identity file.",
        cause: "All configured authentication methods failed",
        node,
      },
    });
  };
  const { page } = await open(host);
  await page.getByRole("combobox", { name: "Host" }).fill("node-a");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await host.nextAsked("node.connect");
  const alert = page.getByRole("alert");
  expect(await alert.textContent()).toContain("Authenticating: 10.0.0.5 accepted none of the keys.");
  expect(await alert.textContent()).toContain("Load the key into the agent");
  const cause = alert.getByText("All configured authentication methods failed");
  expect(await cause.isVisible()).toBe(false);
  await alert.getByText("Technical cause").click();
  expect(await cause.isVisible()).toBe(true);
  await screenshot(page, "failed");
  await alert.getByRole("button", { name: "Try again" }).click();
  expect(await host.nextAsked("node.reconnect")).toMatchObject({ node: "node-1" });
});

it("keeps the picture when the connection is lost and says what may be left on the node", async () => {
  const host = hostWithNode();
  const { page } = await open(host);
  await openSample(page);
  // The made-up node counts as a recording; a live one is what can be lost.
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("menuitem", { name: "Open another node" }).click();
  await page.getByRole("combobox", { name: "Host" }).fill("node-a");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByRole("button", { name: "Refresh" }).waitFor();
  host.emit({
    type: "connection.closed",
    node: "node-2",
    reason: "lost",
    error: { code: "connection-lost", message: "The connection to node-a was lost.", hint: "" },
    residue: ["/tmp/.bpfdesk-1"],
  });
  const alert = page.getByRole("alert");
  await alert.getByText("The connection to node-a was lost.").waitFor();
  expect(await alert.textContent()).toContain("Left on the node: /tmp/.bpfdesk-1");
  await page.getByRole("tab", { name: "Programs" }).waitFor();
  await screenshot(page, "lost");
  await alert.getByRole("button", { name: "Connect again" }).click();
  expect(await host.nextAsked("node.reconnect")).toMatchObject({ node: "node-2" });
});

it("tells of a failed refresh and keeps the picture before", async () => {
  const host = hostWithNode();
  const { page } = await open(host);
  await page.getByRole("button", { name: "Open the sample incident" }).click();
  host.onCollect = (node) => {
    host.emit({ type: "collect.started", node, collect_id: "bad", command_id: "command-2", sections: [] });
    host.emit({
      type: "collect.failed",
      node,
      collect_id: "bad",
      error: { code: "disk-full", message: "The disk of the node is full.", hint: "" },
    });
  };
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByText("Refresh failed: The disk of the node is full.").waitFor();
  await page.getByRole("tab", { name: "Programs" }).waitFor();
});

it("refuses a used address and says how to get a new one", async () => {
  const host = scriptedHost();
  const { url, context } = await open(host);
  const other = await context.browser()?.newContext();
  if (!other) throw new Error("the browser is gone");
  const page = await other.newPage();
  await page.goto(url);
  await page.getByRole("alert").getByText("already used").waitFor();
  await page.getByText("an address works once").waitFor();
  await screenshot(page, "token-refused");
  await other.close();
});

it("says so when bpfdesk itself has ended, and offers another try", async () => {
  const { page, stopServer } = await open(scriptedHost());
  await stopServer();
  const alert = page.getByRole("alert");
  await alert.getByText("is not running").waitFor();
  await alert.getByRole("button", { name: "Try again" }).click();
  await alert.getByText("is not running").waitFor();
});
