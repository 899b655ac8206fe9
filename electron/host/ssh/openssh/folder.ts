/**
 * The private folder of one run of the system's ssh: the control socket, the pipes for questions, the logs
 * of sessions. Mode 0700 with a short path, because a socket's path may have about 100 characters.
 */
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { BpfdeskError } from "../../../core/errors.ts";
import { runWritten } from "./run-written.ts";

export interface PrivateFolder {
  path: string;
  /** Of the shared connection. */
  socket: string;
  /** The program that ssh asks its questions through; null where there is none (Windows). */
  askpass: string | null;
  remove(): Promise<void>;
}

/** ssh listens at `socket` plus 17 characters first; sun_path holds 104 bytes on macOS. */
const MAX_FOLDER = 104 - 17 - "/s".length - 1;

/**
 * Hands a question of ssh to bpfdesk and the answer back. Secrets pass through a pipe only, never through
 * an argument, the environment or a file. With no argument it makes the pipe questions are announced by;
 * with three it is ssh's KnownHostsCommand and notes the public key that the server showed.
 */
const ASKPASS = `#!/bin/sh
umask 077
d=\${0%/*}
case $# in
0) exec mkfifo "$d/ask" ;;
1) ;;
*) printf '%s\\n' "$*" >>"$d/keys"; exit 0 ;;
esac
mkfifo "$d/a.$$" && exec 3<>"$d/a.$$" || exit 1
printf '%s %s\\n%s' $PPID "$SSH_ASKPASS_PROMPT" "$1" >"$d/q.$$"
echo $$ >"$d/ask"
IFS= read -r ok <&3
rm -f "$d/a.$$" "$d/q.$$"
[ "$ok" = y ] && exec head -n 1 <&3
exit 1
`;

/** `asking`: with the means for ssh to ask. Rejects with `no-folder` when no candidate takes it (full, read-only, noexec). */
export async function makeFolder(node: string, asking: boolean): Promise<PrivateFolder> {
  const problems: string[] = [];
  const candidates = [os.tmpdir(), process.env.XDG_RUNTIME_DIR, "/tmp", path.join(os.homedir(), ".ssh")];
  for (const parent of new Set(candidates)) {
    if (!parent) continue;
    let made: string | null = null;
    try {
      made = await fs.mkdtemp(path.join(parent, "bpfdesk-"));
      if (asking && Buffer.byteLength(made) > MAX_FOLDER) throw new Error("its path is too long for a socket");
      const folder = made;
      const askpass = asking ? path.join(folder, "askpass") : null;
      if (askpass !== null) {
        await fs.writeFile(askpass, ASKPASS, { mode: 0o700, flag: "wx" });
        await runWritten(askpass);
      }
      // A helper that is just ending may still write into it.
      const remove = () => fs.rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
      return { path: folder, socket: path.join(folder, "s"), askpass, remove };
    } catch (error) {
      if (made !== null) await fs.rm(made, { recursive: true, force: true });
      problems.push(`${parent}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new BpfdeskError({
    code: "no-folder",
    message: `The system's ssh cannot be run for ${node}: there is no folder for its socket and its questions.`,
    hint: "Set TMPDIR to a folder with a short path, where programs may be run.",
    node,
    cause: problems.join("\n").slice(0, 1000),
  });
}
