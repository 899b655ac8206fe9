/**
 * The section proc.cmdline against real processes: what looks like a secret never leaves the node, and a process cannot
 * pretend to be another one. With each shell and awk that nodes have, and with a grep that cannot read zero bytes.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";

const SECTION = path.resolve(import.meta.dirname, "../../resources/collect/proc.cmdline.yaml");
const { command } = parse(fs.readFileSync(SECTION, "utf8")) as { command: string };
/** In every value that must not be seen. */
const SECRET = "hunter2";

/** Arguments of a process, and how its line must end. */
const CASES: [args: string[], line: string][] = [
  [["--host=db", `-p${SECRET}`], "--host=db -p***"],
  [[`--password=${SECRET}`, "--port=80"], "--password=*** --port=80"],
  [["--db-password", SECRET, "--verbose"], "--db-password *** --verbose"],
  [
    ["-u", `bob:${SECRET}`, `https://al:${SECRET}@host/x?a=1&sig=${SECRET}`],
    "-u bob:*** https://***@host/x?a=1&sig=***",
  ],
  [["-c", `mysql -p${SECRET} shop`], '-c "mysql -p***"'],
  [["-c", `PASSWORD=${SECRET} run`], "-c PASSWORD=***"],
  [["-c", `app --token ${SECRET}`], '-c "app --token ***"'],
  [["-H", `Authorization: Bearer ${SECRET}`], "-H Authorization:***"],
  [["-a", SECRET], "-a ***"],
  [[`{"password": "${SECRET}"}`], '{"password":***'],
  [[`--password=first\nsecond${SECRET}`], "--password=***"],
  [[`of eyJhbGciOiJub25l.${SECRET}.x`], '"of ***"'],
  [["-p", "2222", "host"], "-p 2222 host"],
  [["--interval", "5", "", "two words", "-port=80"], '--interval 5 "" "two words" -port=80'],
];
const FORGED = "line\n/proc/1/cmdline:forged\nend";

const children = [...CASES.map(([args]) => args), [FORGED], ["x".repeat(5000), "end"]].map((args) =>
  spawn("perl", ["-e", '$| = 1; print "ready\\n"; sleep', "--", ...args], { stdio: ["ignore", "pipe", "ignore"] }),
);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-cmdline-"));

beforeAll(async () => {
  await Promise.all(children.map(({ stdout }) => once(stdout, "data")));
  // Each folder goes in front of PATH.
  for (const [name, text] of [
    ["no-zero-bytes/grep", "#!/bin/sh\nexit 2\n"],
    ["busybox/grep", '#!/bin/sh\nexec busybox grep "$@"\n'],
    ["busybox/awk", '#!/bin/sh\nexec busybox awk "$@"\n'],
    ["busybox/tr", '#!/bin/sh\nexec busybox tr "$@"\n'],
  ] as const) {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), text, { mode: 0o755 });
  }
});
afterAll(async () => {
  const ended = children.map((child) => once(child, "close"));
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(ended);
  fs.rmSync(dir, { recursive: true, force: true });
});

it.each([
  ["dash", ["dash"], ""],
  ["bash", ["bash"], ""],
  ["busybox", ["busybox", "sh"], "busybox"],
  ["a grep that knows no zero bytes", ["dash"], "no-zero-bytes"],
])("masks what looks like a secret: %s", (_, [shell = "", ...words], folder) => {
  const PATH = `${folder === "" ? "" : `${path.join(dir, folder)}:`}${process.env.PATH}`;
  const output = execFileSync(shell, [...words, "-c", command], {
    env: { PATH, LC_ALL: "C" },
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  const rows = new Map(
    output.split("\n").map((line) => [Number(line.split("\t")[0]), line.slice(line.indexOf("\t") + 1)]),
  );
  const told = children.map(({ pid }) => rows.get(pid ?? 0)?.replace(/^.* -- /, ""));
  expect(told.slice(0, CASES.length)).toEqual(CASES.map(([, line]) => line));
  expect(told.at(-2)).toBe('"line /proc/1/cmdline:forged end"');
  expect(told.at(-1)).toMatch(/^x+ \.\.\. x+ end$/);
  expect(told.at(-1)?.length).toBeLessThan(1100);
  expect(told.join("\n")).not.toContain(SECRET);
});
