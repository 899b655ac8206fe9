/**
 * Starts ssh so that it ends with us, however we end. A few lines of sh stand between: when their standard
 * input, a pipe from here, is at its end (we closed it, or this process was killed), they end ssh, whatever
 * it started and the private folder. Values are positional arguments, never shell text.
 */
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { killGroup } from "../process-group.ts";

export interface KeptProcess {
  stderr: Readable;
  /** Resolves when everything of it has ended. Never rejects. */
  ended: Promise<void>;
  end(): Promise<void>;
}

/** $1 the private folder, then ssh. What is left of the process group when ssh has ended is ended too. */
const KEEPER = `d=$1; shift
exec 3<&0 </dev/null
"$@" 3<&- &
p=$!
{ while read -r x; do :; done; rm -rf "$d"; kill $p; sleep 2; kill -KILL 0; } <&3 >/dev/null 2>&1 &
exec 3<&-
wait $p
r=$?
trap '' TERM
kill -TERM 0
exit $r`;

/** ssh gets this long to say farewell; the keeper itself kills it a little later. */
const PATIENCE_MS = 700;

/** `askpass`: the program ssh asks through; null: it cannot ask. */
export function startKept(argv: readonly string[], folder: string, askpass: string | null): KeptProcess {
  const [program = "", ...args] = argv;
  const windows = process.platform === "win32";
  // A group of its own: a Ctrl-C in a terminal is not for it, and it is ended as a whole.
  const child = windows
    ? spawn(program, args, { stdio: ["pipe", "ignore", "pipe"], windowsHide: true, env: sshEnvironment(askpass) })
    : spawn("/bin/sh", ["-c", KEEPER, "bpfdesk-ssh", folder, ...argv], {
        stdio: ["pipe", "ignore", "pipe"],
        detached: true,
        env: sshEnvironment(askpass),
      });
  child.stdin.on("error", () => {});
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  return {
    stderr: child.stderr,
    ended,
    async end() {
      if (windows) child.kill();
      child.stdin.end();
      const impatient = setTimeout(() => killGroup(child), PATIENCE_MS);
      await ended;
      clearTimeout(impatient);
    },
  };
}

/**
 * ssh's own environment: the person's, for the agent, Kerberos, and what ProxyCommand and Match exec need.
 * Messages are understood by their English words, without losing the letters of other languages.
 */
function sshEnvironment(askpass: string | null): NodeJS.ProcessEnv {
  const { SSH_ASKPASS: _, SSH_ASKPASS_REQUIRE: __, ...own } = process.env;
  const asking =
    askpass === null ? {} : { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force", DISPLAY: own.DISPLAY || ":0" }; // before 8.4 it wants a DISPLAY
  return { ...own, ...asking, LC_ALL: "C.UTF-8" };
}
