/** A person and a node, nothing between them made up: the page, the real service, a real OpenSSH server, this kernel. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drawn, screenshot } from "../support/app.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { startProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { inChromium, realService } from "./open.ts";

/** A collection of a whole node on a busy machine. */
const LONG = { timeout: 90_000 };

const open = inChromium();
let sshd: TestSshd;
let proxy: TcpProxy;

beforeAll(async () => {
  sshd = await startSshd({ methods: ["password"] });
  proxy = await startProxy({ target: sshd });
});
afterAll(async () => {
  await proxy.stop();
  await sshd.stop();
});

/** In both themes, for people to look at. */
async function shots(page: Page, name: string): Promise<void> {
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    await drawn(page);
    await screenshot(page, `real-${name}-${colorScheme}`);
  }
}

/** Connects as far as the picture: trusts the key that is really the server's, and types the password. */
async function logIn(user: keyof TestSshd["passwords"], keep: boolean): Promise<{ page: Page; knownHosts: string }> {
  const { service, dir } = realService((folder) => ({ known_hosts: join(folder, "known_hosts") }));
  const { page } = await open(service);
  page.setDefaultTimeout(30_000);
  await page.getByRole("combobox", { name: "Host" }).fill(`${user}@127.0.0.1:${proxy.port}`);
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  const isThis = page.getByRole("alertdialog", { name: `Is this 127.0.0.1:${proxy.port}?` });
  await isThis.getByText(sshd.hostKeys[0]?.fingerprint ?? "").waitFor();
  await shots(page, "host-key");
  await isThis.getByRole("button", { name: "Trust and connect" }).click();
  const password = page.getByRole("dialog").filter({ has: page.getByRole("textbox", { name: "Password" }) });
  await password.getByRole("textbox", { name: "Password" }).fill(sshd.passwords[user]);
  if (keep) await password.getByText("Keep it in memory").click();
  await shots(page, "password");
  await password.getByRole("button", { name: "Continue" }).click();
  return { page, knownHosts: join(dir, "known_hosts") };
}

it("opens a node, comes back by itself when the line is cut, and leaves it as it was found", async () => {
  const { page, knownHosts } = await logIn("engineer", true);
  // Asked where the node's own cannot show everything; then it must be gone at the end.
  const refresh = page.getByRole("button", { name: "Refresh", exact: true });
  const lend = page.getByRole("button", { name: "Copy and use it" });
  await refresh.or(lend).waitFor(LONG);
  if (await lend.isVisible()) await lend.click();
  await refresh.waitFor(LONG);
  await shots(page, "picture");
  expect(readFileSync(knownHosts, "utf8")).toContain(` ssh-ed25519 ${sshd.hostKeys[0]?.blob}
`);

  await page.getByRole("tab", { name: "Connection" }).click();
  const way = page.getByRole("region", { name: "Way to the node" });
  await way.getByText("By bpfdesk's own SSH.").waitFor();
  await way.getByRole("rowheader", { name: `engineer@127.0.0.1:${proxy.port}` }).waitFor();
  await way.getByRole("cell", { name: "password", exact: true }).waitFor();
  await way.getByRole("cell", { name: /^curve25519-sha256/ }).waitFor();
  await way.getByRole("cell", { name: "ssh-ed25519" }).waitFor();
  await page.getByRole("region", { name: "Being root" }).getByText("root by sudo").waitFor();
  await page
    .getByRole("region", { name: "Left as it was found" })
    .getByText("It is compared when you disconnect")
    .waitFor();
  await shots(page, "connection");

  proxy.down();
  await page.getByText(/Next try \(\d+\) in \d+ s\./).waitFor();
  await page.getByRole("alert").getByText("What is shown is from before").waitFor();
  await shots(page, "lost");
  proxy.down(false);
  await page.getByText("What is shown is from before").waitFor({ ...LONG, state: "detached" });
  expect(await page.getByRole("dialog").count()).toBe(0);
  await refresh.waitFor(LONG);
  await shots(page, "back");

  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("menuitem", { name: "Disconnect", exact: true }).click();
  const proof = page.getByRole("region", { name: "Left as it was found" });
  // Others may load programs meanwhile; ours must not be among what is there.
  await proof.getByText(/Nothing of bpfdesk (is left|was seen)/).waitFor(LONG);
  expect(await proof.getByText("Ours", { exact: true }).count()).toBe(0);
  await shots(page, "left");
});

it("shows an ordinary user what is missing, and which lines of sudoers would bring it", async () => {
  const { page } = await logIn("nobody-special", false);
  await page.getByRole("button", { name: "Go on without root" }).click();
  await page.getByRole("button", { name: "Refresh", exact: true }).waitFor(LONG);
  await page.getByRole("tab", { name: "Connection" }).click();
  const root = page.getByRole("region", { name: "Being root" });
  await root.getByText(`nobody-special@127.0.0.1:${proxy.port}: not root`).waitFor();
  await root.getByRole("list", { name: "Not seen" }).getByRole("listitem").first().waitFor();
  await root.getByText(/^nobody-special ALL=/m).waitFor();
  await shots(page, "no-root");
  await page.getByRole("tab", { name: "Picture" }).click();
  await shots(page, "no-root-picture");
});
