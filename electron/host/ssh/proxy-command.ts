/**
 * Runs a ProxyCommand as OpenSSH does: by the user's shell, its standard input and output being the
 * connection. It ends with the connection, with everything it started.
 */
import { spawn } from "node:child_process";
import { Duplex } from "node:stream";
import { BpfdeskError } from "../../core/errors.ts";
import { killGroup, signalGroup } from "./process-group.ts";
import type { ResolvedHost } from "./resolve.ts";
import type { Steps } from "./steps.ts";

export interface ProxyCommand {
  stream: Duplex;
  /** Ends the command and says what it had to say, when it is to blame for the error. */
  explain(error: unknown): Promise<unknown>;
}

const KEPT_STDERR = 4000;
const SHOWN_LINES = 5;
/** After the hang-up, until it is killed. */
const PATIENCE_MS = 1000;

/** The command with its tokens (`%h`, `%n`, `%p`, `%r`, `%%`) filled in. */
export function expandProxyCommand(command: string, { hostname, alias, port, user }: ResolvedHost): string {
  const tokens: Record<string, string> = { h: hostname, n: alias, p: String(port), r: user, "%": "%" };
  return command.replace(/%(.)/g, (whole, letter: string) => tokens[letter] ?? whole);
}

export function startProxyCommand(command: string, resolved: ResolvedHost, steps: Steps): ProxyCommand {
  const child = start(expandProxyCommand(command, resolved));
  let stderr = "";
  let failure: Error | null = null;
  child.stderr.on("data", (bytes: Buffer) => {
    stderr = (stderr + bytes.toString()).slice(-KEPT_STDERR);
  });
  const closed = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
    child.once("error", (error) => {
      failure = error;
      resolve({ code: null, signal: null });
    });
  });
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  stream.on("error", () => {}); // it closes then
  stream.once("close", () => hangUp(child, closed));
  // It ended: what is still written to it goes nowhere, and the connection is to notice.
  child.once("exit", () => child.stdin.destroy());
  child.stdin.on("error", () => {});

  return {
    stream,
    async explain(error) {
      stream.destroy();
      const { code, signal } = await closed;
      const said = lastLines(stderr);
      if (!(error instanceof BpfdeskError) || error.data.code === "cancelled") return error;
      const itself = failure !== null || (signal === null && error.data.code === "not-ssh");
      if (!itself) return said === "" ? error : new BpfdeskError({ ...error.data, cause: said });
      const how = failure === null ? `ended with exit code ${code}` : "could not be started";
      const cause = failure === null ? said : failure.message;
      return steps.error({
        code: "proxy-command",
        message: `The ProxyCommand for ${steps.node} ${how} before the node answered.`,
        hint: `Run it in a terminal: ${expandProxyCommand(command, resolved).slice(0, 500)}`,
        ...(cause === "" ? {} : { cause }),
      });
    },
  };
}

type Piped = ReturnType<typeof start>;

/** In a group of its own, which is ended as a whole; without a terminal it cannot ask anybody. */
function start(command: string) {
  if (process.platform === "win32") return spawn(command, { shell: true, windowsHide: true, stdio: "pipe" });
  const shell = process.env.SHELL || "/bin/sh";
  return spawn(shell, ["-c", `exec ${command}`], { detached: true, stdio: "pipe" });
}

function hangUp(child: Piped, closed: Promise<unknown>): void {
  signalGroup(child, "SIGHUP");
  const impatient = setTimeout(() => killGroup(child), PATIENCE_MS);
  void closed.then(() => clearTimeout(impatient));
}

/** What it wrote is shown to a person; control characters are of no use there. */
function lastLines(text: string): string {
  const lines = text
    .replace(/[^\P{Cc}\n]/gu, "")
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.slice(-SHOWN_LINES).join("\n");
}
