/** The guard in the shells that nodes have. Each is skipped where it is not installed. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { guardArgv } from "./guard.ts";

const SHELLS = [["dash"], ["bash"], ["busybox", "sh"]];
const installed = ([shell = ""]: string[]) => spawnSync(shell, ["-c", "true"]).error === undefined;

const started: ChildProcessWithoutNullStreams[] = [];
afterEach(() => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
});

interface Run {
  child: ChildProcessWithoutNullStreams;
  /** Resolves with everything once the guard and its streams have ended. */
  result: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Resolves when stdout has this text. */
  saw(text: string): Promise<void>;
}

function run(shell: string[], argv: string[], stdin: string | null, limit_s = 60): Run {
  const [, ...args] = guardArgv(argv, { token: "START", stdin_bytes: stdin?.length ?? null, limit_s });
  const [program = "", ...before] = shell;
  const child = spawn(program, [...before, ...args], { detached: true });
  started.push(child);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (bytes: Buffer) => {
    stdout += bytes.toString();
  });
  child.stderr.on("data", (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  child.stdin.on("error", () => {});
  if (stdin !== null) child.stdin.write(stdin);
  return {
    child,
    result: new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr }))),
    async saw(text) {
      while (!stdout.includes(text)) await delay(5);
    },
  };
}

/** Processes whose arguments hold the tag. */
function tagged(tag: string): string[] {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        return "";
      }
    })
    .filter((cmdline) => cmdline.includes(tag));
}

async function noneLeft(tag: string): Promise<string[]> {
  const deadline = Date.now() + 3000;
  while (tagged(tag).length > 0 && Date.now() < deadline) await delay(20);
  return tagged(tag);
}

describe.runIf(process.platform === "linux").each(SHELLS.filter(installed))("the guard in %s", (...shell) => {
  const tag = () => `guard-${randomBytes(6).toString("hex")}`;

  it("marks where the output begins and gives the exit code", async () => {
    const { result } = run(shell, ["sh", "-c", "echo out; echo err >&2; exit 7"], null);
    expect(await result).toEqual({ code: 7, stdout: "START\nout\n", stderr: "START\nerr\n" });
  });

  it("gives the command its bytes and then an end of file", async () => {
    const text = "line\nwithout end".repeat(20_000);
    const { result } = run(shell, ["cat"], text);
    expect(await result).toEqual({ code: 0, stdout: `START\n${text}`, stderr: "START\n" });
  });

  it("gives an empty input at once", async () => {
    expect(await run(shell, ["wc", "-c"], "").result).toEqual({ code: 0, stdout: "START\n0\n", stderr: "START\n" });
  });

  it("does not wait for input that the command does not read", async () => {
    const { result } = run(shell, ["true"], "x".repeat(500_000));
    expect(await result).toEqual({ code: 0, stdout: "START\n", stderr: "START\n" });
  });

  it("finds programs of the sbin folders and says when there is none", async () => {
    const { result } = run(shell, ["no-such-program"], null);
    expect(await result).toMatchObject({ code: 127, stdout: "START\n" });
  });

  it("stops everything the command started when its input ends", async () => {
    const mark = tag();
    const script = `sleep 300 & timeout 300 sh -c 'sleep 300; : ${mark}' & echo up; wait`;
    const { child, result, saw } = run(shell, ["sh", "-c", script, mark], null);
    await saw("up");
    child.stdin.end();
    expect(await result).toMatchObject({ code: 143 });
    expect(await noneLeft(mark)).toEqual([]);
  });

  it("kills what does not listen to TERM", async () => {
    const mark = tag();
    const script = "trap '' TERM; echo up; while :; do sleep 1; done";
    const { child, result, saw } = run(shell, ["sh", "-c", script, mark], null);
    await saw("up");
    child.stdin.end();
    expect(await result).toMatchObject({ code: 137 });
    expect(await noneLeft(mark)).toEqual([]);
  });

  it("stops the command in the middle of its input when the line goes away", async () => {
    const mark = tag();
    const [, ...args] = guardArgv(["sh", "-c", "echo up; cat >/dev/null; sleep 300", mark], {
      token: "START",
      stdin_bytes: 1_000_000,
      limit_s: 60,
    });
    const [program = "", ...before] = shell;
    const child = spawn(program, [...before, ...args], { detached: true });
    started.push(child);
    await new Promise((resolve) => child.stdout.on("data", resolve));
    child.stdin.end("only a part");
    expect(await noneLeft(mark)).toEqual([]);
  });

  it("stops the command when its time is over, with the line still open", async () => {
    const mark = tag();
    const { result } = run(shell, ["sh", "-c", "sleep 300", mark], null, 1);
    expect(await result).toMatchObject({ code: 143 });
    expect(await noneLeft(mark)).toEqual([]);
  });

  it("stops on TERM", async () => {
    const mark = tag();
    const { child, result, saw } = run(shell, ["sh", "-c", "echo up; sleep 300", mark], null);
    await saw("up");
    child.kill("SIGTERM");
    expect(await result).toMatchObject({ code: 143 });
    expect(await noneLeft(mark)).toEqual([]);
  });

  it("does not leave behind what the command put in the background", async () => {
    const mark = tag();
    const { result } = run(shell, ["sh", "-c", "sh -c 'sleep 300; :' \"$0\" & echo done", mark], null);
    expect(await result).toEqual({ code: 0, stdout: "START\ndone\n", stderr: "START\n" });
    expect(await noneLeft(mark)).toEqual([]);
  });

  it("leaves no timer of its own", async () => {
    const limit = 777_000 + Math.floor(Math.random() * 999);
    await run(shell, ["true"], null, limit).result;
    expect(await noneLeft(`sleep\0${limit}`)).toEqual([]);
  });
});
