/** `bpfdesk trace` and `bpfdesk tracers` with a real tracer on a node behind a real OpenSSH server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Cli, type CliRan, makeCli } from "../support/cli.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { tracerBinary } from "../support/tracer.ts";
import { until } from "./node/exec.ts";

const TRACER = "drops";
const SCHEMA = path.resolve(import.meta.dirname, "../../docs/schema/trace-line.schema.json");
const valid = new Ajv2020({ allErrors: true, strict: false }).compile(JSON.parse(fs.readFileSync(SCHEMA, "utf8")));

let sshd: TestSshd;
let cli: Cli;
beforeAll(async () => {
  await tracerBinary();
  cli = await makeCli();
  sshd = await startSshd();
});
afterAll(async () => {
  await sshd?.stop();
  cli?.remove();
});

const login = () => ["--identity", sshd.keyFile, "--known-hosts", sshd.knownHosts];
const target = (port = sshd.port) => `root@127.0.0.1:${port}`;
const linesOf = ({ stdout }: CliRan) =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const logins = () => sshd.log().split("Accepted publickey").length - 1;

it("prints the tracer's lines as documented, of several nodes which line is of which", async () => {
  const ports = await sshd.morePorts(2);
  const targets = ports.map((port) => target(port));
  const ran = await cli.run(["trace", TRACER, ...targets, "--budget", "100", "--for", "2s", "--json", ...login()]);
  expect([ran.code, ran.stderr]).toEqual([0, ""]);
  const lines = linesOf(ran);
  for (const line of lines) expect(valid(line), JSON.stringify([line, valid.errors])).toBe(true);
  for (const name of targets) {
    const own = lines.filter(({ node }) => node === name);
    expect(own[0]).toMatchObject({ record: "schema", tracer: TRACER });
    expect(own.at(-1)).toMatchObject({ record: "summary", ended: "time" });
    expect(own.filter(({ record }) => record === "stats").length).toBeGreaterThan(0);
  }
  expect(lines.every(({ node }) => targets.includes(String(node)))).toBe(true);
});

it("ends at an interrupt with its summary, and leaves the node", async () => {
  const running = cli.start(["trace", TRACER, target(), "--budget", "100", "--for", "10m", ...login()]);
  expect(await until(() => running.said().includes("proves"), 60_000)).toBe(true);
  running.child.kill("SIGINT");
  const ran = await running.ended;
  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(/\d+ events in .*\n.*It ended because it was stopped/);
  expect(await until(() => sshd.connections() === 0, 20_000)).toBe(true);
});

it("ends quietly when nobody reads any more", async () => {
  const words = ["trace", TRACER, target(), "--budget", "100", "--for", "10m", "--json", ...login()];
  const bin = path.resolve(import.meta.dirname, "../../electron/cli/bin.mjs");
  const child = spawn("/bin/sh", ["-c", '"$@" | head -n 1', "sh", process.execPath, bin, ...words], {
    cwd: cli.dir,
    env: { PATH: process.env.PATH, HOME: cli.dir },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  let read = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    read += text;
  });
  await once(child, "close");
  expect([JSON.parse(read).record, said]).toEqual(["schema", ""]);
  expect(await until(() => sshd.connections() === 0, 20_000)).toBe(true);
});

it.each([
  [["trace", "nobody-has-it"], 'There is no tracer called "nobody-has-it".'],
  [["trace", TRACER, "--param", "no-such=1"], `${TRACER} has no parameter "no-such".`],
  [["trace", TRACER, "--param", "value"], "It must be name=value."],
  [["trace", TRACER, "--for", "soon"], "It must be a time from 1s to 24h"],
  [["trace", TRACER, "--budget", "0"], "It must be a number from 0.1 to 100."],
])("refuses before it connects: %j", async (words, message) => {
  const before = logins();
  const [command = "", name = "", ...more] = words;
  const ran = await cli.run([command, name, target(), ...more, ...login()]);
  expect([ran.code, ran.stdout]).toEqual([2, ""]);
  expect(ran.stderr).toContain(message);
  expect(logins()).toBe(before);
});

it("says which tracers there are, and what the node's kernel lets them do", async () => {
  const [all, here] = await Promise.all([
    cli.run(["tracers", "--json"]),
    cli.run(["tracers", target(), "--json", ...login()]),
  ]);
  expect([all.code, here.code, all.stderr, here.stderr]).toEqual([0, 0, "", ""]);
  const names = (JSON.parse(all.stdout) as { name: string }[]).map(({ name }) => name);
  expect(names).toContain(TRACER);
  const check = JSON.parse(here.stdout) as { kernel: string; features: Record<string, unknown>; tracers: object };
  expect(check.features.btf).toMatchObject({ available: true });
  expect(Object.keys(check.tracers)).toContain(TRACER);
});
