/**
 * The shell text of the guard, for dash, bash and busybox ash, with and without setsid. See `guard.ts`.
 *
 *     START ── exec ─▶ MAIN ─┬─ keeper | command      the keeper: the line's stdin, the lease, the limit
 *                            └─ warden                what stops the command; reads events of both
 *
 * Events are lines on descriptor 4: `keeper PID`, `command PID`, `done CODE`, `interrupt`, and the reasons
 * to stop. Descriptors: 3 the line's stdin, 5 and 6 the line's stdout and stderr.
 *
 * - The command runs in the foreground of its shell: in the background it would ignore SIGINT, and
 *   neither dash nor what it starts could change that.
 * - `setsid` gives it a session of its own: `timeout` and the like make process groups, but stay in
 *   the session. Where there is no setsid, $BPFDESK_PART in its environment stands in for that.
 * - The keeper has a session too, so that one signal ends it with all its timers.
 */

/**
 * $1 tag, $2 token, $3 MAIN, then its parameters. Started anew so that the guard's own processes, too, carry
 * tag and token in the environment one can read (/proc/pid/environ is what a process was started with).
 */
export const START = `BPFDESK_TAG=$1 BPFDESK_RUN=$2 m=$3; shift 3
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export BPFDESK_TAG BPFDESK_RUN PATH LC_ALL
exec /bin/sh -c "$m" bpfdesk-guard "$@"`;

/**
 * $1 KEEPER, $2 bytes of stdin or `-`, $3 limit, $4 lease, then the command.
 *
 * - `find_ PART PID`: its living processes, those of session PID, in $a; false when there are none. In
 *   /proc/pid/stat follow after the name: state, parent, group, session. Read by grep: a process that ends between
 *   open and read is an error of read (ESRCH), at which GNU sed ends and leaves out all that come after it.
 * - `halt`: a third of a second after its TERM a process is killed. One that was forked while the others were
 *   being told gets its TERM in the next round. Where `sleep` takes no fractions a round is a second.
 * - What tells the guard to stop is heeded from the warden's first line on; until then it is ignored, because
 *   a guard that dies of it would leave the command alone. What the command and the keeper inherit is the default.
 * - A signal may end `read`: only the second failure in a row is an end of file.
 * - The last words may find a pipe that nobody empties; they are given up after a moment.
 * - The keeper is killed, its group and before that group exists itself.
 */
export const MAIN = `w=$1 n=$2 l=$3 m=$4; shift 4; k=$BPFDESK_RUN
echo "$k"; echo "$k" >&2
exec 3<&0 5>&1 6>&2 </dev/null 2>/dev/null
s=; command -v setsid >/dev/null && s=setsid
trap '' TERM HUP INT
find_() {
if [ "$s" ]; then a=$(grep -hs "^[0-9]* (.*) [^ZX] [0-9]* [0-9]* $2 " /proc/[0-9]*/stat | sed 's/ .*//')
else a=$(grep -ls "BPFDESK_PART=$1.$k" /proc/[0-9]*/environ | tr -dc '0-9\\n'); fi; [ "$a" ]; }
halt() { i=0 z=0.02
while find_ command "$p" && [ $i -lt 60 ]; do
for q in $a; do case $d in *" $q "*) [ $i -lt 4 ] || kill -s KILL $q;; *) kill -s TERM $q; d="$d$q ";; esac; done
i=$((i+1)); sleep $z || { sleep 1; i=$((i+9)); }; z=0.1; done; }
stop() { [ "$x" ] || { x=$1; [ -z "$p" ] || halt; }; }
{ { trap : TERM HUP INT
BPFDESK_PART=keeper.$k $s /bin/sh -c "$w" bpfdesk-keeper "$n" "$l" "$m" 5>&- 6>&- | { trap : TERM HUP INT
BPFDESK_PART=command.$k $s /bin/sh -c 'echo "command $$" >&4; exec >&5 2>&6 3<&- 4>&- 5>&- 6>&-; exec "$@"' bpfdesk-command "$@"
echo "done $?" >&4; }; } 4>&1 >&5 | {
p= g= r= x= f= d=" "
trap 'stop terminated' TERM HUP INT
exec >/dev/null 3<&- 5>&-
while [ -z "$r" ] || [ -z "$g" ]; do
if read -r e v; then f=
case $e in
command) p=$v; [ -z "$x" ] || halt;;
keeper) g=$v;;
done) r=$v;;
interrupt) [ -z "$p" ] || { find_ command "$p"; for q in $a; do kill -s INT $q; done; };;
*) stop "$e";;
esac
else [ -z "$f" ] || break; f=1; fi; done
[ -z "$p" ] || { find_ command "$p" && halt; }
[ -z "$x" ] || { ( echo "$k ended $x" >&6 ) & t=$!
for q in 0.02 0.1 0.1 0.2; do sleep $q || sleep 1; kill -s 0 $t || break; done; kill -s KILL $t; }
exec 6>&-
if [ "$s" ]; then { kill -KILL -$g || kill -KILL $g; kill -KILL -$g; }
else while find_ keeper; do for q in $a; do kill -s KILL $q; done; done; fi
exit "\${r:-143}"; }; }
exit $?`;

/**
 * $1 bytes of stdin or `-`, $2 limit, $3 lease. Its stdout is the command's stdin.
 *
 * - The bytes are read in pieces, each of which renews the lease, by `dd`: it says whether a piece was whole,
 *   and takes no byte of what follows (busybox's `head` does). Very old ones cannot; there the whole is one piece.
 * - `tail` keeps them until they are all there: a command must not take a part for the whole, and one that does
 *   not read must not keep the line's end unseen.
 * - Words for the command reach it only when no bytes were announced: otherwise it has seen its end of file. A
 *   shell of its own says them, which may die of a command that does not read any more.
 * - What tells of something new is USR1 for the main loop, whose sleep is then started again. One that comes
 *   right before `wait` begins ends nothing, but the sleep has just begun then.
 * - It never ends by itself: it is the root of its own tree, and is killed with it.
 */
export const KEEPER = `n=$1 l=$2 m=$3
trap : USR1
echo "keeper $$" >&4
closed() { echo stdin-closed >&4; exec sleep "$l"; }
feed() { b=32768
while [ "$n" -gt 0 ]; do [ "$n" -gt $b ] || b=$n
r=$( { dd bs=$b count=1 iflag=fullblock <&3 2>&7 >&5; } 7>&1 )
case $r in '1+0 '*) n=$((n-b));; [0-9]*) closed;; *) head -c "$n" <&3 >&5; n=0;; esac
kill -s USR1 $$; done; }
listen() { while read -r x <&3; do
case $x in i) echo interrupt >&4;; "w "*) ( echo "\${x#w }" ) ;; esac
kill -s USR1 $$; done; closed; }
case $n in
-) listen & ;;
0) exec >/dev/null; listen & ;;
*) { exec 5>&1; feed; exec >/dev/null 5>&-; listen; } | tail -c "$n" & ;;
esac
exec >/dev/null
( sleep "$l"; echo limit >&4 ) &
while sleep "$m" & s=$!; wait $s; [ $? -gt 128 ]; do kill $s; done
echo lease-expired >&4
exec sleep "$l"`;
