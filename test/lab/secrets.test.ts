/**
 * Where secrets never are: planted ones go through logins, sudo and everything that goes wrong there, and
 * are then looked for in every place they could have leaked to, in every form.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { readSnapshot } from "../../electron/host/snapshot/file.ts";
import { type Cli, makeCli } from "../support/cli.ts";
import { findIn, findInFiles, needlesOf, plant } from "../support/planted.ts";
import { type ProcessWatch, watchProcesses } from "../support/process-watch.ts";
import { Page, type Setting, sessionTexts, someAtATime, startSetting } from "./secrets-page.ts";
import { asked, BACKENDS, ENDS, played, right, wrong } from "./secrets-scenarios.ts";

let setting: Setting;
let cli: Cli;
let needles: ReturnType<typeof needlesOf>;
let watched: ProcessWatch;
const began = Date.now();

beforeAll(async () => {
  cli = await makeCli();
  setting = await startSetting();
  const passphrase = { label: "passphrase", text: setting.server.passphrase };
  needles = needlesOf([...Object.values(right), wrong, asked, passphrase]);
  watched = await watchProcesses(needles);
});

afterAll(async () => {
  await setting.stop();
  cli.remove();
});

/** Everything that came out of bpfdesk or a server, by what it is. */
const outputs: [from: string, bytes: Uint8Array | string][] = [];

it.concurrent.each(BACKENDS)("is where it belongs while all goes well and everything fails: %s", async (backend) => {
  const scenarios = played.get(backend) ?? [];
  const dataDir = path.join(setting.dir, backend);
  const page = await Page.open(setting, dataDir);
  const { host, session_id } = page;
  try {
    const results = await someAtATime(scenarios, (scenario) => page.play(scenario, backend));
    expect(results).toEqual(
      scenarios.map(({ what, typed, away, stands }) => ({
        what,
        stands,
        asked: [...Object.entries(typed).flatMap(([kind, all]) => all.map(() => kind)), ...(away ? [away] : [])],
      })),
    );

    // What was kept is used: nothing is asked.
    for (const scenario of scenarios.filter(({ keep }) => keep)) {
      expect(await page.play(scenario, backend)).toEqual({ what: scenario.what, stands: true, asked: [] });
    }
    const status = await host.client.call("secrets.status", {});
    expect(status.kept.map(({ kind, user, where }) => `${kind} ${user} ${where}`).sort()).toEqual([
      "passphrase  memory",
      "password engineer memory",
      "sudo_password careful keychain",
      "sudo_password careful memory",
    ]);
    outputs.push(["status", JSON.stringify(status)]);

    const collected = page.events.find(({ type }) => type === "collect.finished");
    if (!collected || !("node" in collected)) throw new Error("nothing was collected");
    const { bytes } = await host.client.call("snapshot.export", { session_id, node: collected.node });
    outputs.push(["snapshot", bytes], ["unpacked snapshot", JSON.stringify(await readSnapshot(bytes, "snapshot"))]);

    // A locked screen takes it all.
    host.tell({ type: "wipe", reason: "lock" });
    const left = (await host.client.call("secrets.status", {})).kept;
    expect(left.map(({ where }) => where)).toEqual(["keychain"]);
    host.tell("close");
    await vi.waitFor(() => expect(host.said).toContain("closed"), { timeout: 60_000 });
  } finally {
    host.child.kill("SIGKILL");
    await host.ended;
    outputs.push(["events", JSON.stringify(page.events)], ["prints of the host", host.printed()]);
    outputs.push(...sessionTexts(dataDir).map((bytes): [string, Uint8Array] => ["session", bytes]));
  }
});

it.concurrent.each(ENDS)("is in no output, report or session of a host that ends by %s", async (end) => {
  const dataDir = path.join(setting.dir, end);
  const page = await Page.open(setting, dataDir);
  const { host } = page;
  try {
    // With secrets kept, one in use, and one on its way.
    const scenarios = played.get(end) ?? [];
    const [first, second] = scenarios;
    const stalled = scenarios.find(({ last }) => last?.act === "wait");
    if (!first || !second || !stalled) throw new Error("no scenario");
    await Promise.all([page.play(first, "ssh2"), page.play(second, "openssh")]);
    await new Promise<void>((resolve) => void page.play(stalled, "openssh", resolve));
    if (end === "a bug") host.crash(right.engineer.text);
    else host.child.kill("SIGKILL");
    const { code, signal } = await host.ended;
    expect([code, signal]).toEqual(end === "a bug" ? [1, null] : [null, "SIGKILL"]);
    if (end === "a bug") expect(host.printed()).toMatch(/bpfdesk host failed: SyntaxError: Unexpected token .*\n +at /);
  } finally {
    host.child.kill("SIGKILL");
    await host.ended;
    outputs.push([`events before ${end}`, JSON.stringify(page.events)], [`prints before ${end}`, host.printed()]);
    outputs.push(...sessionTexts(dataDir).map((bytes): [string, Uint8Array] => [`session of ${end}`, bytes]));
  }
  expect(fs.readdirSync(setting.dir).filter((name) => name.startsWith("report."))).toEqual([]);
});

it.concurrent("is not shown by the command line, at the right answers and the wrong ones", async () => {
  const { server, known_hosts } = setting;
  const where = ["--known-hosts", known_hosts, `careful@127.0.0.1:${server.port}`];
  const good = await cli.onTerminal(
    ["topology", "--sudo", "--lend-bpftool", "--identity", server.encryptedKeyFile, ...where],
    [
      ["Passphrase of", `${wrong.text}\n`],
      ["try again", `${server.passphrase}\n`],
      ["sudo password of careful", `${wrong.text}\n`],
      ["try again", `${right.careful.text}\n`],
    ],
  );
  expect([good.code, good.stderr]).toEqual([0, expect.any(String)]);
  const bad = await cli.onTerminal(
    ["topology", ...where],
    ["Password of careful", "try again", "try again"].map((question) => [question, `${wrong.text}\n`]),
  );
  expect(bad.code).toBe(2);
  for (const { screen, stdout, stderr } of [good, bad]) outputs.push(["the command line", screen + stdout + stderr]);
});

it("is nowhere else: argv, environment, outputs, files, logs", async () => {
  const { leaks, looked } = await watched.stop();
  outputs.push(["log of sshd", setting.server.log() + setting.asking.log()]);
  expect(looked).toBeGreaterThan(20);
  expect(leaks).toEqual([]);
  expect(outputs.flatMap(([from, bytes]) => findIn(bytes, needles).map((found) => `${from}: ${found}`))).toEqual([]);
  // The data folders, the folders of the servers and of their users, and whatever else was written meanwhile.
  expect(findInFiles(os.tmpdir(), needles, began)).toEqual([]);
});

it("would be found: a leak that is made is seen in every place and form", async () => {
  const leak = plant("leak");
  const forms = needlesOf([leak]);
  const watch = await watchProcesses(forms);
  const child = spawn("sh", ["-c", "read x", "sh", leak.text], {
    env: { LEAK: Buffer.from(leak.text).toString("hex") },
  });
  await once(child, "spawn");
  await watch.round();
  child.stdin.end();
  await once(child, "exit");
  expect((await watch.stop()).leaks.map((found) => found.replace(/ of \S+:/, ":"))).toEqual(
    expect.arrayContaining(["cmdline: leak as it is", "environ: leak in hex"]),
  );
  const since = Date.now() - 1000;
  const folder = fs.mkdtempSync(path.join(setting.dir, "leak-"));
  const written = {
    json: JSON.stringify({ a: JSON.stringify({ b: leak.text }) }),
    base64: Buffer.from(`user:${leak.text}`).toString("base64"),
    url: `?p=${encodeURIComponent(leak.text)}`,
    cut: leak.text.slice(0, 15),
  };
  for (const [name, text] of Object.entries(written)) fs.writeFileSync(path.join(folder, name), text);
  const found = findInFiles(setting.dir, forms, since);
  expect(Object.keys(written).filter((name) => !found.some((one) => one.startsWith(path.join(folder, name))))).toEqual(
    [],
  );
});
