/**
 * The built command line as its users run it: a child process with a home of its own, without a
 * terminal unless one is asked for. Knows nothing of nodes.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const BIN = path.resolve(import.meta.dirname, "../../electron/cli/bin.mjs");

export interface CliRan {
  /** Null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningCli {
  child: ChildProcess;
  /** What came on stderr so far. */
  said(): string;
  /** Resolves when it ended and its output was read. */
  ended: Promise<CliRan>;
}

export interface Cli {
  /** Its home; free for the test's own files. */
  dir: string;
  start(args: readonly string[]): RunningCli;
  run(args: readonly string[]): Promise<CliRan>;
  /** Runs it on a terminal of its own; `answers` are typed, each when its question is on the screen. */
  onTerminal(args: readonly string[], answers: readonly [question: string, typed: string][]): Promise<TerminalRan>;
  remove(): void;
}

export interface TerminalRan extends CliRan {
  /** What stood on the terminal: questions, echo. stdout and stderr go elsewhere. */
  screen: string;
}

let built: Promise<void> | null = null;

/** Builds `out/` when it is older than its sources, and makes an empty home. */
export async function makeCli(): Promise<Cli> {
  // @ts-expect-error the scripts run before anything is installed and are plain JavaScript
  built ??= import("../../scripts/lib/build.mjs").then(({ ensureBuild }) => ensureBuild());
  await built;
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-cli-"));
  const home = path.join(dir, "home");
  fs.mkdirSync(home);
  // No agent, no configuration and no session of whoever runs the tests.
  const env = { PATH: process.env.PATH, HOME: home, XDG_DATA_HOME: path.join(dir, "data"), TERM: "xterm" };
  const argv = (args: readonly string[]) => [process.execPath, BIN, ...args];

  function start(args: readonly string[]): RunningCli {
    const [command = "", ...rest] = argv(args);
    // A session of its own has no controlling terminal.
    const child = spawn(command, rest, { cwd: dir, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    return follow(child);
  }
  return {
    dir,
    start,
    run: (args) => start(args).ended,
    async onTerminal(args, answers) {
      const out = path.join(dir, "terminal.out");
      const err = path.join(dir, "terminal.err");
      const inner = `"$@" >${out} 2>${err}`;
      // The words reach the shell as its environment's, so that nothing needs quoting.
      const words = argv(args).map((word, index) => [`WORD${index}`, word] as const);
      const line = `set -- ${words.map(([name]) => `"$${name}"`).join(" ")}; ${inner}`;
      const child = spawn("/usr/bin/script", ["-q", "-e", "-c", line, path.join(dir, "typescript")], {
        cwd: dir,
        env: { ...env, SHELL: "/bin/sh", ...Object.fromEntries(words) },
        stdio: ["pipe", "pipe", "pipe"],
      });
      const running = follow(child);
      const left = [...answers];
      let screen = "";
      let from = 0;
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        screen += text;
        const [next] = left;
        const at = next ? screen.indexOf(next[0], from) : -1;
        if (!next || at < 0) return;
        from = at + next[0].length;
        left.shift();
        child.stdin?.write(next[1]);
      });
      const { code } = await running.ended;
      return { code, screen, stdout: fs.readFileSync(out, "utf8"), stderr: fs.readFileSync(err, "utf8") };
    },
    remove: () => fs.rmSync(dir, { recursive: true, force: true }),
  };
}

function follow(child: ChildProcess): RunningCli {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, said: () => stderr, ended };
}
