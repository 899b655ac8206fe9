/** One command over a standing login: a process of ssh whose streams are the command's. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { Readable } from "node:stream";
import type { RawProcess } from "../../transport/execution.ts";
import { aloneArguments, sessionArguments } from "./arguments.ts";
import type { Login } from "./login.ts";

/** The node gave no session: too many at a time, or none at all. */
export class SessionRefused extends Error {}

export interface SessionOptions {
  ssh: string;
  login: Login;
  /** Its name or address, for whoever looks at the process list. */
  host: string;
  sharing: boolean;
  /** One line for the login shell. */
  command: string;
  terminal: boolean;
}

let count = 0;
const MAX_LOG = 64 << 10;

/**
 * Resolves with the first byte of output or the end, because only then it is known that the node gave a
 * session. Commands here say something before they wait for input. Rejects with `SessionRefused`.
 */
export async function openSession(options: SessionOptions, signal?: AbortSignal): Promise<RawProcess> {
  const { ssh, login, sharing, command, terminal } = options;
  const log = path.join(login.folder.path, `log.${++count}`);
  const args = sharing
    ? sessionArguments(login.folder.socket, options.host, log, command, terminal)
    : aloneArguments(login.how, log, command, terminal);
  // A group of its own: a Ctrl-C in a terminal is not for it.
  const child = spawn(ssh, args, { stdio: "pipe", detached: true, windowsHide: true, env: environment(sharing) });
  const ended = endOf(child, log, login);
  const end = await Promise.race([firstByte(child), ended, aborted(child, signal)]);
  if (end?.refused === true) throw new SessionRefused(end.said);
  // With a terminal the command's stderr comes on stdout; here are only ssh's words of farewell.
  if (terminal) child.stderr.resume();
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: terminal ? Readable.from([]) : child.stderr,
    ended,
    // ssh has no way to pass a signal on; it closes the command's streams, which its guard notices.
    terminate: () => void child.kill("SIGTERM"),
    abandon: () => {
      child.kill("SIGKILL");
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    },
  };
}

/** Takes none of it. The end of a stream is no byte. */
async function firstByte(child: ChildProcessWithoutNullStreams): Promise<null> {
  const streams = [child.stdout, child.stderr];
  await new Promise<void>((resolve) => {
    for (const stream of streams) stream.on("readable", () => stream.readableLength > 0 && resolve());
  });
  for (const stream of streams) stream.removeAllListeners("readable");
  return null;
}

interface End {
  code: number | null;
  signal: string | null;
  lost: boolean;
  refused: boolean;
  said: string;
}

async function endOf(child: ChildProcessWithoutNullStreams, log: string, login: Login): Promise<End> {
  child.stdin.on("error", () => {}); // a command that ended early does not read its input
  const code = await new Promise<number | null>((resolve) => {
    child.once("close", resolve);
    child.once("error", () => resolve(null));
  });
  const said = readLog(log);
  // 255 is ssh's own, or the command's: only ssh's log tells.
  const remote = /Received exit status from master (\d+)|rtype exit-status/.test(said);
  const sure = remote || (code !== null && code !== 255);
  const refused =
    !sure && /session request failed|Session open refused|administratively prohibited|open failed/i.test(said);
  return {
    code: sure ? code : null,
    signal: null,
    lost: !sure,
    refused: refused && login.alive,
    said: said.slice(-500),
  };
}

function readLog(log: string): string {
  try {
    const text = fs.readFileSync(log, "utf8").slice(-MAX_LOG);
    fs.rmSync(log, { force: true });
    return text;
  } catch {
    return ""; // the folder is gone: the connection was closed
  }
}

async function aborted(child: ChildProcessWithoutNullStreams, signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = () => {
      child.stdin.end();
      child.kill("SIGTERM");
      reject(signal?.reason);
    };
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
    child.once("close", () => signal?.removeEventListener("abort", onAbort));
  });
}

/** Over a shared connection nothing of the environment is needed; alone it logs in anew. */
function environment(sharing: boolean): NodeJS.ProcessEnv {
  if (!sharing) return { ...process.env, LC_ALL: "C.UTF-8" };
  const { PATH = "/usr/local/bin:/usr/bin:/bin", HOME = "/" } = process.env;
  return { PATH, HOME, TERM: "dumb", LC_ALL: "C.UTF-8" };
}
