/**
 * What the command line says when it cannot look: exit code 2, nothing on stdout, the step that failed
 * and what to try on stderr. Needs a sshd and no node behind it.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cli, makeCli } from "../support/cli.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";

let cli: Cli;
let sshd: TestSshd;
beforeAll(async () => {
  cli = await makeCli();
  sshd = await startSshd();
});
afterAll(async () => {
  await sshd.stop();
  cli.remove();
});

const file = (name: string, content: string | Uint8Array) => {
  const at = path.join(cli.dir, name);
  fs.writeFileSync(at, content);
  return at;
};
const at = (user: string, port = sshd.port) => `${user}@127.0.0.1:${port}`;
const login = (more: { key?: string; known_hosts?: string } = {}) => [
  ...["--identity", more.key ?? sshd.keyFile],
  ...["--known-hosts", more.known_hosts ?? sshd.knownHosts],
];
/** Every command, asked for JSON, must say the same. */
async function refusal(...args: string[]): Promise<string> {
  const ran = await cli.run(["findings", ...args, "--json"]);
  expect([ran.code, ran.stdout]).toEqual([2, ""]);
  expect(ran.stderr).not.toMatch(/internal error|\n\s+at /);
  return ran.stderr;
}

describe("a node that cannot be looked at", () => {
  it("has a key nobody vouched for and there is no one to ask: its fingerprint and how to go on", async () => {
    const none = path.join(cli.dir, "no-known-hosts");
    const said = await refusal(at("root"), ...login({ known_hosts: none }));
    expect(said).toMatch(/^bpfdesk: host key: .* was not accepted/m);
    expect(sshd.hostKeys.some(({ fingerprint }) => said.includes(fingerprint))).toBe(true);
    expect(said).toMatch(/try: .*known_hosts/);
    expect(fs.existsSync(none)).toBe(false);
  });

  it("has another key than before: both fingerprints, the file, and how to remove the old one", async () => {
    const [other] = await withOtherHostKey();
    const said = await refusal(at("root"), ...login({ known_hosts: other.file }));
    expect(said).toMatch(/^bpfdesk: host key: /m);
    const presented = sshd.hostKeys.find(({ type }) => type === "ssh-ed25519")?.fingerprint ?? "none";
    for (const text of [presented, other.fingerprint, other.file, "ssh-keygen -f", "-R"]) expect(said).toContain(text);
    expect(fs.readFileSync(other.file, "utf8")).toBe(other.line);
  });
  async function withOtherHostKey() {
    const key = path.join(cli.dir, "other-host-key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const [type, blob] = fs.readFileSync(`${key}.pub`, "utf8").split(" ");
    const line = `[127.0.0.1]:${sshd.port} ${type} ${blob}\n`;
    const fingerprint = execFileSync("ssh-keygen", ["-lf", key], { encoding: "utf8" }).split(" ")[1] ?? "";
    return [{ file: file("changed_known_hosts", line), line, fingerprint }] as const;
  }

  it("does not know the key it is offered", async () => {
    const key = path.join(cli.dir, "stranger");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const said = await refusal(at("root"), ...login({ key }));
    expect(said).toMatch(/^bpfdesk: authenticating: /m);
    expect(said).toMatch(/try: Use a key that the node accepts/);
  });

  it("cannot be reached, or its name is not known", async () => {
    const closed = await refusal("root@127.0.0.1:1", ...login());
    expect(closed).toMatch(/^bpfdesk: connecting: .*nothing listens on that port/m);
    expect(closed).toMatch(/^ {2}try: Check the port/m);
    const unknown = await refusal("root@no-such-host.invalid", ...login());
    expect(unknown).toMatch(/^bpfdesk: connecting: .*its name is not known/m);
    expect(unknown).toMatch(/^ {2}try: Check the spelling/m);
  });

  it.each(["nobody-special", "careful"])("gives %s no root although it was asked for", async (user) => {
    const said = await refusal(at(user), ...login(), "--sudo");
    expect(said).toMatch(new RegExp(`^bpfdesk: privileges: ${user} gets no root on `, "m"));
    expect(said).toMatch(/^ {2}try: Connect as root, add the account to sudoers/m);
  });

  it("is not a node at all: a key file that is none, a key with a passphrase and nobody to type it", async () => {
    const missing = await refusal(at("root"), ...login({ key: "/nonexistent/key" }));
    expect(missing).toMatch(/^bpfdesk: resolving: The key file \/nonexistent\/key .* no such file/m);
    const locked = await refusal(at("root"), ...login({ key: sshd.encryptedKeyFile }));
    expect(locked).toMatch(/needs its passphrase and there is no terminal/);
    expect(locked).toMatch(/try: .*ssh-add/);
  });
});

it("without root an ordinary user gets a picture, and is told what is missing in it", async () => {
  const ran = await cli.run(["topology", at("nobody-special"), ...login(), "--json"]);
  expect(ran.code).toBe(0);
  expect(ran.stderr.split("\n").slice(0, 2)).toEqual([
    "No root: sudo needs a password. Log in as root, allow sudo without a password, or give --sudo to be asked for it.",
    expect.stringMatching(/^Not seen without root: bpf\.prog, bpf\.map, /),
  ]);
  const { node, interfaces, programs } = JSON.parse(ran.stdout);
  expect([node.root, interfaces.length > 0, programs]).toEqual([false, true, []]);
  const { code, stdout } = await cli.run(["findings", at("nobody-special"), ...login()]);
  expect([code, stdout.includes("Nothing found.\n")]).toEqual([0, false]);
});

describe("a file that cannot be read", () => {
  const sample = () =>
    fs.readFileSync(path.resolve(import.meta.dirname, "../../resources/sample/stale-filter.bpfdesk-snapshot"));
  it.each<[string, () => string | Uint8Array, RegExp]>([
    ["is something else", () => "not a snapshot", /is not a bpfdesk snapshot/],
    ["is empty", () => "", /is not a bpfdesk snapshot/],
    ["is cut off", () => sample().subarray(0, 20_000), /is incomplete: its end is missing/],
    ["has a changed byte", () => sample().with(30_000, (sample()[30_000] ?? 0) ^ 0xff), /is damaged|is not a/],
    [
      "was written by a newer version",
      () => gzipSync(JSON.stringify({ ...JSON.parse(gunzipSync(sample()).toString()), version: 99 })),
      /was written by a newer bpfdesk \(format 99/,
    ],
    ["is a session of nothing", () => "SQLite format 3\0garbage", /./],
  ])("%s", async (_, content, message) => {
    const said = await refusal(file("bad.bpfdesk-snapshot", content()));
    expect(said).toMatch(/^bpfdesk: resolving: /m);
    expect(said).toMatch(message);
    expect(said).toMatch(/^ {2}try: ./m);
  });

  it("is not there, or cannot be written", async () => {
    expect(await refusal(path.join(cli.dir, "gone.bpfdesk-snapshot"))).toMatch(
      /^bpfdesk: resolving: There is no file/m,
    );
    const from = file("good.bpfdesk-snapshot", sample());
    const ran = await cli.run(["snapshot", from, "-o", "/nonexistent/folder/out"]);
    expect([ran.code, ran.stdout]).toEqual([2, ""]);
    expect(ran.stderr).toMatch(/\/nonexistent\/folder\/out could not be written/);
    expect(await refusal(from, "--session", "/nonexistent/folder/session")).toMatch(/^ {2}try: ./m);
    expect(await refusal(from, "--session", from)).toMatch(/^ {2}try: ./m);
    expect(fs.readFileSync(from).equals(sample())).toBe(true);
  });
});

describe("the command line itself", () => {
  it.each([
    [["topology"], /missing required argument 'target'/],
    [["topology", "x", "--no-such-option"], /unknown option '--no-such-option'/],
    [["no-such-command"], /unknown command 'no-such-command'/],
    [["snapshot", "x"], /required option '-o, --output <file>'/],
    [["compare", "x"], /missing required argument 'right'/],
    [["compare", "x", "y", "z"], /too many arguments/],
    [["findings", "x", "--concurrency", "0"], /must be a number from 1 to 64/],
    [[], /^Usage: bpfdesk/],
  ])("refuses %j with what is wrong and where help is", async (args, message) => {
    const ran = await cli.run(args);
    expect([ran.code, ran.stdout]).toEqual([2, ""]);
    expect(ran.stderr).toMatch(message);
    expect(ran.stderr).toMatch(/--help/);
  });

  it("explains every command with examples and exit codes", async () => {
    for (const args of [
      ["--help"],
      ["snapshot", "--help"],
      ["topology", "--help"],
      ["findings", "--help"],
      ["compare", "--help"],
      ["trace", "--help"],
      ["runbook", "--help"],
    ]) {
      const ran = await cli.run(args);
      expect([ran.code, ran.stderr]).toEqual([0, ""]);
      expect(ran.stdout).toMatch(/\nExamples:\n {2}bpfdesk [\s\S]*\nExit codes:\n/);
      for (const line of ran.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    }
  });

  it("asks for an unknown host key on a terminal, and takes the right fingerprint for a yes and nothing else", async () => {
    const known_hosts = path.join(cli.dir, "asked_known_hosts");
    const args = ["findings", at("nobody-special"), ...login({ known_hosts }), "--json"];
    const question: string = "paste the expected fingerprint: ";
    const refused = await cli.onTerminal(args, [[question, "\r"]]);
    expect([refused.code, refused.stdout, fs.existsSync(known_hosts)]).toEqual([2, "", false]);
    const { fingerprint = "" } = sshd.hostKeys.find(({ type }) => type === "ssh-ed25519") ?? {};
    expect(refused.screen).toContain(fingerprint);
    const trusted = await cli.onTerminal(args, [[question, `${fingerprint}\r`]]);
    expect([trusted.code, JSON.parse(trusted.stdout).findings.length > 0]).toEqual([0, true]);
    expect(fs.readFileSync(known_hosts, "utf8")).toMatch(/ ssh-ed25519 /);
  });

  it("ends at Ctrl-C in a question, with the terminal as it was", async () => {
    const login = ["--identity", sshd.encryptedKeyFile, "--known-hosts", sshd.knownHosts];
    const ran = await cli.onTerminal(["findings", at("root"), ...login], [["Passphrase of ", "\x03"]]);
    expect([ran.code, ran.stdout]).toEqual([2, ""]);
    expect(ran.stderr).toMatch(/^bpfdesk: .*cancelled/im);
  });
});
