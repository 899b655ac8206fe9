/** Who the login user is, and what sudo and doas allow without asking: one command on the node. */
import { connectionLost } from "../execution.ts";
import type { PrivilegeOptions } from "../privileges.ts";
import { failure, openTold, text } from "./told.ts";
import { newMark } from "./ways.ts";

export interface Probed {
  uid: number;
  /** As the node names it. */
  user: string;
  /** `yes`, what it said instead, or null where it is not installed. */
  sudo: string | null;
  /** `never`: sudoers does not allow a shell, not even with a password. */
  shell: "never" | "perhaps";
  doas: string | null;
  /** Absolute path, or null. */
  bpftool: string | null;
  /** What sudo allows although it allows no shell; null when that is nothing. */
  tools: Record<string, string> | null;
}

/**
 * $1 marks the parts of the answer, because login profiles print too. A tool counts as allowed when it
 * was run: sudo lists a command as allowed even when it would ask for a password.
 */
const PROBE = `k=$1; PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C; export PATH LC_ALL
part() { printf '\\n%s %s\\n' "$k" "$*"; }
try() { r=$("$1" -n -- /bin/sh -c 'echo "$1 $(id -u)"' sh "$k" 2>&1 </dev/null)
case $r in *"$k 0"*) r=yes;; esac; part "$1"; printf '%s\\n' "$r"; [ "$r" = yes ]; }
u=$(id -u); part user "$u" "$(id -un)"
s=; command -v sudo >/dev/null 2>&1 && s=1
if [ "$u" != 0 ] && ! { [ "$s" ] && try sudo; }; then
if command -v doas >/dev/null 2>&1 && try doas; then :; else
b=$(command -v bpftool); case $b in /*) part bpftool; printf '%s\\n' "$b";; *) b=;; esac
if [ "$s" ]; then
l=$(sudo -n -l -- /bin/sh 2>&1 </dev/null); part list $?; printf '%s\\n' "$l"
if [ "$b" ] && sudo -n -l -- "$b" -j -f prog show >/dev/null 2>&1 </dev/null &&
sudo -n -- "$b" -j -f prog show >/dev/null 2>&1 </dev/null; then part tool bpftool; printf '%s\\n' "$b"; fi
fi; fi; fi
part end`;

/** What sshd itself writes instead of running a command (session.c). */
const EXPIRED = /^(WARNING: Your password has expired|Password change required but no TTY available)\.$/m;

/** Throws `exec-failed` when the account runs no commands, `password-expired` when sshd says why. */
export async function probe(options: PrivilegeOptions): Promise<Probed> {
  const mark = newMark();
  const how = { record_key: "privileges", root: false, terminal: false };
  const { raw, tell } = await openTold(options, ["/bin/sh", "-c", PROBE, "bpfdesk", mark], how);
  const [stdout, stderr, end] = await Promise.all([text(raw.stdout), text(raw.stderr), raw.ended]);
  tell({ exit: end.code, signal: end.signal, stdout, stderr });
  if (end.lost) throw failure(options, connectionLost("the search for root", options.node));
  const probed = readProbe(stdout, mark);
  if (probed !== null) return probed;
  const said = (stderr.trim() || stdout.trim()).slice(0, 2000);
  if (EXPIRED.test(stderr)) {
    throw failure(options, {
      code: "password-expired",
      message: `${options.node} let the user in but runs nothing: the account's password has expired.`,
      hint: "Log in once with ssh in a terminal and choose a new one.",
      cause: said,
    });
  }
  throw failure(options, {
    code: "exec-failed",
    message: `${options.node} let the user in but runs no commands.`,
    hint: "The account needs a login shell that runs commands (not nologin, not a forced command).",
    ...(said === "" ? {} : { cause: said }),
  });
}

/** Null when it is not a whole answer. */
export function readProbe(stdout: string, mark: string): Probed | null {
  const parts = new Map<string, { args: string[]; body: string }>();
  for (const part of stdout.split(`\n${mark} `).slice(1)) {
    const [head = "", ...body] = part.split("\n");
    const [name = "", ...args] = head.split(" ");
    parts.set(name, { args, body: body.join("\n").trim() });
  }
  const who = parts.get("user");
  if (who === undefined || !parts.has("end")) return null;
  const list = parts.get("list");
  const tool = parts.get("tool");
  return {
    uid: Number(who.args[0]),
    user: who.args.slice(1).join(" "),
    sudo: parts.get("sudo")?.body ?? null,
    // sudo says nothing when it lists that a command is not allowed; it complains when it cannot tell.
    shell: list?.args[0] === "1" && list.body === "" ? "never" : "perhaps",
    doas: parts.get("doas")?.body ?? null,
    bpftool: parts.get("bpftool")?.body ?? null,
    tools: tool === undefined || !PATH.test(tool.body) ? null : { [tool.args[0] ?? ""]: tool.body },
  };
}

/** Paths that are plain in a shell and in sudoers. */
const PATH = /^\/[A-Za-z0-9_./+-]+$/;
