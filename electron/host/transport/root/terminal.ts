/**
 * A command that must run on a terminal, used as if it had none: 8-bit clean, and its two output
 * streams told apart again.
 *
 * Some sudoers insist on a terminal (`requiretty`), and doas asks for a password on nothing else. The
 * terminal is put into raw mode on both sides of sudo, because sudo and PAM change its modes and may
 * open one more inside. The command itself sees pipes, so that no tool colours or pages its output.
 * What it wrote on stderr is held back on the node and follows its end, {@link STDERR_LIMIT} bytes of it.
 */
import { PassThrough, Writable } from "node:stream";
import type { RawProcess } from "../execution.ts";
import { beginningOf } from "../marks.ts";

/** Bytes of stderr that are kept. */
export const STDERR_LIMIT = 65_536;

/** What sudo and doas are started with: English words, and in $2 what sudo asks for a password with. */
export const ENVIRONMENT = `LC_ALL=C SUDO_PROMPT=$2; export LC_ALL SUDO_PROMPT; shift 2`;

/** Outside sudo. $1 a mark that is printed where the login profile's noise ends, $2 sudo's prompt, then the command. */
export const OUTSIDE = `stty raw -echo 2>/dev/null; echo "$1"; ${ENVIRONMENT}; exec "$@"`;

/**
 * Inside sudo. $1 the mark, then the command. Everything before the first mark is a dialogue, everything after
 * the second one is what the command wrote on stderr. In a session of its own the guard is hit neither by the
 * terminal's HUP nor by what sudo sends to the terminal's group, both of which could end a part of it before its
 * command; the end of its stdin is what tells it. Descriptor 4 is the terminal, 7 the substitution, 8 the way to
 * it for stderr; the dot keeps the substitution from losing line ends.
 */
export const INSIDE = `k=$1; shift; s=$(printf '\\036')
stty raw -echo 2>/dev/null
g=; command -v setsid >/dev/null 2>&1 && g=setsid
printf '%s%s out\\n' "$s" "$k"
exec 4>&1
x=$( { { { $g "$@" 2>&8 4>&- 7>&- 8>&-; printf '%s%s:%s:' "$s" "$k" "$?" >&7; } | cat >&4 7>&- 8>&-; } 8>&1 |
{ head -c ${STDERR_LIMIT} >&7; exec cat >/dev/null 7>&- 4>&-; }; } 7>&1; printf . )
r=\${x#*"$s$k:"}; e=\${x%%"$s$k:"*}\${r#*:}; e=\${e%.}; r=\${r%%:*}
printf '%s%s err\\n%s' "$s" "$k" "$e"
exit "$r"`;

/**
 * The process behind a terminal as one with two output streams: the dialogue and stderr on `stderr`.
 * Ending its stdin hangs up, because a terminal has no end of file for raw bytes.
 */
export function splitTerminal(raw: RawProcess, mark: string): RawProcess {
  const marks = [Buffer.from(`\x1e${mark} out\n`), Buffer.from(`\x1e${mark} err\n`)];
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let part = 0;
  let held = Buffer.alloc(0);

  const put = (bytes: Buffer) => {
    if (bytes.length === 0) return;
    const to = part === 1 ? stdout : stderr;
    if (to.write(bytes)) return;
    raw.stdout.pause();
    to.once("drain", () => raw.stdout.resume());
  };
  raw.stdout.on("data", (bytes: Buffer) => {
    let rest = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    for (let mark = marks[part]; mark !== undefined; mark = marks[part]) {
      const at = rest.indexOf(mark);
      if (at < 0) break;
      put(rest.subarray(0, at));
      part++;
      rest = rest.subarray(at + mark.length);
    }
    const keep = beginningOf(marks[part], rest);
    put(rest.subarray(0, rest.length - keep));
    held = Buffer.from(rest.subarray(rest.length - keep));
  });
  raw.stdout.on("error", () => {}); // told by `ended`
  raw.stderr.on("data", (bytes: Buffer) => void stderr.write(bytes));
  raw.stderr.on("error", () => {});
  const ended = raw.ended.then((end) => {
    put(held);
    stdout.end();
    stderr.end();
    return end;
  });
  const stdin = new Writable({
    write: (bytes: Buffer, _, done) => void raw.stdin.write(bytes, (error) => done(error ?? null)),
    final: (done) => {
      raw.abandon();
      done();
    },
  });
  raw.stdin.on("error", () => {}); // a command that ended early does not read its input
  stdin.on("error", () => {});
  return { ...raw, stdin, stdout, stderr, ended };
}
