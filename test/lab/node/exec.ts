/** Runs a command to its end with its output, for the lab's own set-up. No shell, no timeouts worth tuning. */
import { spawn } from "node:child_process";

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Resolves with whatever happened. Rejects only when the command cannot be started. */
export function run(argv: readonly string[], stdin = ""): Promise<Ran> {
  const [command = "", ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], timeout: 60_000 });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.stdin.on("error", () => undefined); // it ended without reading all: its exit code tells
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(stdin);
  });
}

/** Like `run`, but anything except exit code 0 is an error with the command's own words. Returns stdout. */
export async function must(argv: readonly string[], stdin = ""): Promise<string> {
  const { code, stdout, stderr } = await run(argv, stdin);
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

/** Looks every few ms until the condition holds; false when it did not within the time. */
export async function until(condition: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  const deadline = Date.now() + ms;
  for (;;) {
    if (await condition()) return true;
    if (Date.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
