/**
 * The guard: a few lines of POSIX sh around every command, so that nothing outlives its connection.
 *
 * sshd does not stop a command without a terminal when the channel closes or the line is lost, and
 * neither does sudo. The guard keeps the channel's stdin for itself, hands the announced bytes of it
 * to the command, and when it ends (or the time limit passes, or TERM comes) it stops the command's
 * whole session: TERM, then KILL. It also marks where the command's own output begins, because login
 * profiles print whatever they like before. It never sees a secret: values are positional arguments.
 */

export interface GuardOptions {
  /** Printed as a line on stdout and on stderr right before the command starts. Not a secret. */
  token: string;
  /** How many bytes of stdin the command gets before its end of file; null leaves its stdin open. */
  stdin_bytes: number | null;
  /** The command is stopped after this many seconds even when the connection looks alive. */
  limit_s: number;
}

/**
 * $1 token, $2 bytes of stdin or `-`, $3 seconds, then the command.
 *
 * - The reader is put in the background once more because dash waits for a pipeline as a whole.
 * - The trap itself stops the session: a signal that arrives just before `wait` starts does not end that
 *   `wait`, but a command that is gone does.
 * - The reader's `$$` is the guard's pid; it repeats its signal because a busy shell may miss one, and not
 *   for long because a dead guard may stay a zombie.
 * - `setsid` gives the command a session of its own: `timeout` and the like make process groups, but
 *   stay in the session. Without setsid only the command itself is stopped, and there is no time limit.
 * - The timer is ended by KILL, its group and before that group exists itself: a forked shell can lose a
 *   TERM that comes before it has put its parent's traps away.
 * - A process that was forked while the others were being told gets its TERM in the next round.
 * - bash tells of every child that a signal ended; that is nothing for the command's stderr.
 * - The field after `comm` in /proc/pid/stat: state, ppid, pgrp, session.
 */
const SCRIPT = `k=$1 n=$2 l=$3; shift 3; set -f
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C; export PATH LC_ALL
members() { a=
set +f; for f in /proc/[0-9]*/stat; do
{ read -r y <"$f"; } 2>/dev/null || continue
q=\${f#/proc/}; q=\${q%/stat}; y=\${y##*) }; set -f; set -- $y
if [ "$1" != Z ] && { [ "$4" = $p ] || [ "$q" = $p ]; }; then a="$a $q"; fi
done; [ "$a" ]; }
halt() { trap : USR1 TERM HUP INT
i=0 d=" "; while members && [ $i -lt 40 ]; do
for q in $a; do case $d in *" $q "*) [ $i -lt 10 ] || kill -s KILL $q;; *) kill -s TERM $q; d="$d$q ";; esac; done
i=$((i+1)); sleep 0.1 || sleep 1; done; } 2>/dev/null
c= p=; trap 'c=1; [ -z "$p" ] || halt' USR1 TERM HUP INT
echo "$k"; echo "$k" >&2
exec 3<&0 </dev/null
s=; command -v setsid >/dev/null 2>&1 && s=setsid
{ ( [ "$n" = - ] || { head -c "$n" <&3; exec >/dev/null; }
while read -r x <&3; do :; done
exec >/dev/null
for x in 1 2 3 4 5 6 7 8 9; do kill -s USR1 $$ || break; sleep 0.1 || sleep 1; done ) 2>/dev/null & } | $s "$@" 3<&- &
p=$!
t=; if [ "$s" ]; then
setsid /bin/sh -c 'sleep "$1" && kill -s USR1 "$2"' bpfdesk "$l" $$ </dev/null >/dev/null 2>&1 3<&- & t=$!
fi
exec 3<&-
[ -z "$c" ] || halt
{ wait $p; } 2>/dev/null; r=$?
exec 2>/dev/null
if [ "$c" ] || kill -0 -$p; then
halt
wait $p; q=$?; [ $q = 127 ] || r=$q
fi
[ "$t" ] && { kill -KILL -$t || kill -KILL $t; kill -KILL -$t; }
exit $r`;

/** The argv that runs `argv` under the guard. `argv[0]` is looked up in PATH plus the usual sbin folders. */
export function guardArgv(argv: readonly string[], options: GuardOptions): string[] {
  const bytes = options.stdin_bytes === null ? "-" : String(options.stdin_bytes);
  return ["/bin/sh", "-c", SCRIPT, "bpfdesk", options.token, bytes, String(Math.ceil(options.limit_s)), ...argv];
}
