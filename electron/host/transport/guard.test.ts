/** The guard in the shells that nodes have. Each is skipped where it is not installed. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { type GuardOptions, guardArgv, INTERRUPT, RENEW, wordFor } from "./guard.ts";
import { newTag, randomId } from "./tag.ts";

const SHELLS = ["dash", "bash", "busybox sh"].flatMap((shell) => [
  { shell, setsid: true, title: shell },
  { shell, setsid: false, title: `${shell} without setsid` },
]);
const installed = ({ shell }: { shell: string }) =>
  spawnSync(shell.split(" ")[0] ?? "", ["-c", "true"]).error === undefined;

const started: ChildProcessWithoutNullStreams[] = [];
afterAll(() => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
});

interface Run {
  child: ChildProcessWithoutNullStreams;
  tag: string;
  /** Resolves with everything once the guard and its streams have ended; rejects when a process is left then. */
  result: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Resolves when stdout has this text. */
  saw(text: string): Promise<void>;
}

interface GuardIn {
  shell: string;
  setsid: boolean;
}

/** The guard's argv as it would be on a node whose /bin/sh is this shell. */
function argvIn({ shell, setsid }: GuardIn, argv: string[], options: Parameters<typeof guardArgv>[1]): string[] {
  const [, ...args] = guardArgv(argv, options).map((arg) =>
    arg.replaceAll("/bin/sh", shell).replaceAll("command -v setsid", setsid ? "command -v setsid" : "false"),
  );
  return [...shell.split(" "), ...args];
}

function run(where: GuardIn, argv: string[], stdin: string | null, options: Partial<GuardOptions> = {}): Run {
  const tag = newTag(randomId());
  const token = `START-${randomId()}`;
  const [program = "", ...args] = argvIn(where, argv, {
    token,
    tag,
    stdin_bytes: stdin?.length ?? null,
    limit_s: 60,
    lease_s: 60,
    ...options,
  });
  const child = spawn(program, args, { detached: true });
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
    tag,
    result: once(child, "close").then(async ([code]) => {
      await noneLeft(tag);
      return { code, stdout: stdout.replaceAll(token, "START"), stderr: stderr.replaceAll(token, "START") };
    }),
    async saw(text) {
      while (!stdout.includes(text)) await delay(5);
    },
  };
}

const pids = (): string[] => fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));

/** Of a process; null when it has ended. */
function read(pid: string, file: string): string | null {
  try {
    return fs.readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return null;
  }
}

const sessionOf = (pid: string): number => Number((read(pid, "stat") ?? "").replace(/.*\) /, "").split(" ")[3]);

/** Everything a guard has started, and the guard itself. */
const tagged = (tag: string): string[] =>
  pids().filter((pid) => read(pid, "environ")?.includes(`BPFDESK_TAG=${tag}\0`));

async function noneLeft(tag: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (tagged(tag).length > 0 && Date.now() < deadline) await delay(10);
  const left = tagged(tag).map((pid) => `${pid}: ${read(pid, "cmdline")?.replaceAll("\0", " ").slice(-200)}`);
  if (left.length > 0) throw new Error(`left: ${left.join("\n")}`);
}

describe.runIf(process.platform === "linux").concurrent.each(SHELLS.filter(installed))(
  "the guard in $title",
  (shell) => {
    it("marks where the output begins and gives the exit code", async () => {
      const { result } = run(shell, ["sh", "-c", "echo out; echo err >&2; exit 7"], null);
      expect(await result).toEqual({ code: 7, stdout: "START\nout\n", stderr: "START\nerr\n" });
    });

    it("gives the command its bytes and then an end of file", async () => {
      const text = "line\nwithout end".repeat(20_000);
      const { result } = run(shell, ["cat"], text);
      const { stdout, ...rest } = await result;
      expect({ ...rest, whole: stdout === `START\n${text}` }).toEqual({ code: 0, stderr: "START\n", whole: true });
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
      const script = `sleep 300 & timeout 300 sh -c 'sleep 300; :' & echo up; wait`;
      const { child, result, saw } = run(shell, ["sh", "-c", script], null);
      await saw("up");
      child.stdin.end();
      expect(await result).toMatchObject({ code: 143 });
    });

    it("kills what does not listen to TERM", async () => {
      const script = "trap '' TERM; echo up; while :; do sleep 1; done";
      const { child, result, saw } = run(shell, ["sh", "-c", script], null);
      await saw("up");
      child.stdin.end();
      expect(await result).toMatchObject({ code: 137 });
    });

    it("stops the command in the middle of its input when the line goes away, and passes no part as the whole", async () => {
      const { child, result, saw } = run(shell, ["sh", "-c", "echo up; cat; echo read"], null, {
        stdin_bytes: 1_000_000,
      });
      await saw("up");
      child.stdin.end("only a part");
      expect(await result).toEqual({ code: 143, stdout: "START\nup\n", stderr: "START\nSTART ended stdin-closed\n" });
    });

    it("sees the end of the line behind input that the command does not read", async () => {
      const { child, result, saw } = run(shell, ["sh", "-c", "echo up; sleep 300"], "x".repeat(300_000));
      await saw("up");
      child.stdin.end();
      expect(await result).toMatchObject({ code: 143, stderr: "START\nSTART ended stdin-closed\n" });
    });

    it("stops the command when nothing comes for the lease, with the line still open", async () => {
      const { result } = run(shell, ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"], null, { lease_s: 1 });
      expect(await result).toEqual({ code: 137, stdout: "START\n", stderr: "START\nSTART ended lease-expired\n" });
    });

    it("lets it run on for as long as the lease is renewed", async () => {
      const { child, result } = run(shell, ["sh", "-c", "sleep 6; echo done"], "", { lease_s: 5 });
      const renewals = setInterval(() => child.stdin.write(RENEW), 200);
      expect(await result.finally(() => clearInterval(renewals))).toMatchObject({ code: 0, stdout: "START\ndone\n" });
    });

    it("takes input that comes slowly for a renewal", async () => {
      const pieces = Array.from({ length: 25 }, (_, n) => String.fromCharCode(97 + n).repeat(32_768));
      const { child, result } = run(shell, ["cat"], null, { stdin_bytes: 25 * 32_768, lease_s: 5 });
      for (const piece of pieces) {
        child.stdin.write(piece);
        await delay(240);
      }
      const { stdout, ...rest } = await result;
      expect({ ...rest, whole: stdout === `START\n${pieces.join("")}` }).toEqual({
        code: 0,
        stderr: "START\n",
        whole: true,
      });
    });

    it.each(["", "input\n"])("passes an interrupt on, after %j as its input", async (input) => {
      const script = "trap 'echo maps; exit 3' INT; cat; echo up; while :; do sleep 0.05; done";
      const { child, result, saw } = run(shell, ["sh", "-c", script], input);
      await saw("up");
      child.stdin.write(`${RENEW}${INTERRUPT}`);
      expect(await result).toEqual({ code: 3, stdout: `START\n${input}up\nmaps\n`, stderr: "START\n" });
    });

    it("hands words to a command whose input was left open, and takes none of its own for one", async () => {
      const script = "echo up; read -r a; read -r b; echo $a then $b";
      const { child, result, saw } = run(shell, ["sh", "-c", script], null);
      await saw("up");
      child.stdin.write(`${RENEW}${wordFor("go")}${RENEW}${wordFor("confirm")}`);
      expect(await result).toEqual({ code: 0, stdout: "START\nup\ngo then confirm\n", stderr: "START\n" });
    });

    it("outlives words that nobody reads any more", async () => {
      const script = "exec <&-; echo up; trap 'exit 3' INT; while :; do sleep 0.05; done";
      const { child, result, saw } = run(shell, ["sh", "-c", script], null);
      await saw("up");
      child.stdin.write(`${wordFor("go")}${wordFor("go")}${RENEW}${INTERRUPT}`);
      expect(await result).toMatchObject({ code: 3 });
    });

    it("never takes input for something that was said", async () => {
      const input = INTERRUPT.repeat(50_000);
      const script = "trap 'echo interrupted' INT; sleep 0.2; wc -c";
      const { result } = run(shell, ["sh", "-c", script], input);
      expect(await result).toMatchObject({ code: 0, stdout: "START\n100000\n" });
    });

    it("gives up its last words when nobody empties the line", async () => {
      const { child, tag } = run(shell, ["sh", "-c", "while :; do echo flood >&2; done"], null, { lease_s: 2 });
      await once(child.stderr, "data");
      child.stderr.pause();
      await expect(noneLeft(tag)).resolves.toBeUndefined();
    });

    it("marks all it starts, and itself, with the tag", async () => {
      const { child, result, saw, tag } = run(shell, ["sh", "-c", "sleep 300 & echo up; wait"], null);
      await saw("up");
      const guard = () => pids().filter((pid) => sessionOf(pid) === child.pid);
      const untagged = () => guard().filter((pid) => !tagged(tag).includes(pid));
      // The guard's three shells at least, the keeper with its timers, the command; processes come and go.
      const least = 3 + (shell.setsid ? 5 : 0);
      while (guard().length < 3 || tagged(tag).length < least || untagged().length > 0) await delay(20);
      child.stdin.end();
      await result;
    });

    it("stops the command when its time is over, with the line still open", async () => {
      const { result } = run(shell, ["sh", "-c", "sleep 300"], null, { limit_s: 1 });
      expect(await result).toMatchObject({ code: 143 });
    });

    it("stops on TERM", async () => {
      const { child, result, saw } = run(shell, ["sh", "-c", "echo up; sleep 300"], null);
      await saw("up");
      const runs = () => child.exitCode === null && child.signalCode === null;
      const stop = () => runs() && process.kill(-(child.pid ?? 0), "SIGTERM"); // the group, as sshd does
      const again = setInterval(stop, 3000); // one that comes before the guard is ready is not heeded
      stop();
      expect(await result.finally(() => clearInterval(again))).toEqual({
        code: 143,
        stdout: "START\nup\n",
        stderr: "START\nSTART ended terminated\n",
      });
    });

    it("does not leave behind what the command put in the background", async () => {
      const { result } = run(shell, ["sh", "-c", "sh -c 'sleep 300; :' & echo done"], null);
      expect(await result).toEqual({ code: 0, stdout: "START\ndone\n", stderr: "START\n" });
    });
  },
);
