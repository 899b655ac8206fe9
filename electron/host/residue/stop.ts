/**
 * Stops what earlier connections left on a node: the one place that ends processes and removes folders which
 * this connection has not made.
 *
 * It does what it is told, for exactly those, and looks again right before: a process must still be the same
 * one (number, start, tag), a folder must still be a folder of ours in a place of ours.
 */

import { text } from "node:stream/consumers";
import { hasRoot } from "../../core/privileges.ts";
import { isPrivateFolder } from "../../core/residue/read.ts";
import { parseTag } from "../../core/residue/tag.ts";
import type { Leftover } from "../../core/residue/types.ts";
import { LENT_FOLDERS } from "../tools/remote.ts";
import type { NodeTransport } from "../transport/types.ts";

/**
 * Parameters: for each leftover `process PID START TAG` or `folder PATH - -`. Prints a line each, in order: `ok`, or
 * why not. A process is asked to end (TERM) and killed after two seconds; when it led a session, what is left
 * in that session with the same tag is killed with it. `same PID START TAG` also sets $session.
 */
const STOP = `LC_ALL=C; export LC_ALL
same() {
  { s=$(cat "/proc/$1/stat"); } 2>/dev/null || return 1
  p=$1 t=$2 w=$3; s=\${s##*) }; set -- $s; session=$4
  [ "$1" != Z ] && [ "\${20}" = "$t" ] && { tr '\\0' '\\n' <"/proc/$p/environ" | grep -qxF "BPFDESK_TAG=$w"; } 2>/dev/null
}
there() {
  { s=$(cat "/proc/$1/stat"); } 2>/dev/null || return 1
  t=$2; s=\${s##*) }; set -- $s; [ "$1" != Z ] && [ "\${20}" = "$t" ]
}
stop_process() {
  there "$1" "$2" || { echo 'it has ended already'; return; }
  same "$1" "$2" "$3" || { echo 'its environment does not say that it is of bpfdesk, or may not be read'; return; }
  led=; [ "$session" = "$1" ] && led=1
  said=$( { kill -s TERM "$1"; } 2>&1) || { echo "it could not be told to end: $said"; return; }
  i=0; while [ $i -lt 20 ] && there "$1" "$2"; do i=$((i + 1)); sleep 0.1 2>/dev/null || { sleep 1; i=$((i + 9)); }; done
  if same "$1" "$2" "$3"; then kill -s KILL "$1" 2>/dev/null; fi
  if [ "$led" ]; then
    for f in /proc/[0-9]*/stat; do
      q=\${f#/proc/}; q=\${q%/stat}
      { x=$(cat "$f"); } 2>/dev/null || continue
      x=\${x##*) }; leader=$1 tag=$3; set -- $x; of=$4 start=\${20}; set -- "$leader" "$2" "$tag"
      [ "$of" = "$leader" ] && same "$q" "$start" "$tag" && kill -s KILL "$q" 2>/dev/null
    done
  fi
  i=0; while [ $i -lt 20 ] && there "$1" "$2"; do i=$((i + 1)); sleep 0.1 2>/dev/null || { sleep 1; i=$((i + 9)); }; done
  if there "$1" "$2"; then echo 'it does not end, not even when killed'; else echo ok; fi
}
${LENT_FOLDERS}
me=$(id -u)
stop_folder() {
  d=$1
  if ! [ -e "$d" ] && ! [ -L "$d" ]; then echo 'it is gone already'; return; fi
  lent_folder "$d" || { echo 'it is not a folder of bpfdesk'; return; }
  places | grep -qxF -e "\${d%/*}" || { echo 'it is not where bpfdesk makes folders'; return; }
  l=$(ls -dn "$d") || { echo 'it cannot be looked at'; return; }
  set -- $l
  case $3 in 0|"$me") ;; *) echo "it belongs to user $3"; return ;; esac
  said=$(rm -rf -- "$d" 2>&1)
  if [ -e "$d" ]; then printf '%.200s\\n' "it could not be removed: $said" | tr '\\n' ' '; echo; else echo ok; fi
}
while [ $# -ge 4 ]; do
  case $1 in process) stop_process "$2" "$3" "$4" ;; *) stop_folder "$2" ;; esac
  shift 4
done`;

const TIMEOUT_MS = 60_000;
/** A stubborn one takes four seconds. */
const AT_ONCE = 8;

/**
 * Stops exactly these, as root when the connection can be. `stopped` and `failed` hold their ids; what has gone by
 * itself meanwhile is among the failed ones, with those words. Rejects with the transport's error.
 * Whose they are is not looked at: another's may be at work, so a person must have chosen them by id.
 */
export async function stopLeftovers(
  transport: NodeTransport,
  leftovers: readonly Leftover[],
): Promise<{ stopped: string[]; failed: { id: string; why: string }[] }> {
  const stopped: string[] = [];
  const failed: { id: string; why: string }[] = [];
  const given = leftovers.flatMap((leftover) => {
    const parameters = parametersOf(leftover);
    if (parameters === null) failed.push({ id: leftover.id, why: "it is nothing that bpfdesk makes" });
    return parameters === null ? [] : [{ id: leftover.id, parameters }];
  });
  for (let from = 0; from < given.length; from += AT_ONCE) {
    const some = given.slice(from, from + AT_ONCE);
    const said = await run(
      transport,
      some.flatMap(({ parameters }) => parameters),
    );
    some.forEach(({ id }, index) => {
      const why = said[index] ?? "the node did not say what became of it";
      if (why === "ok") stopped.push(id);
      else failed.push({ id, why });
    });
  }
  return { stopped, failed };
}

/** Null for an id, tag or path of another form than is ever found. */
function parametersOf({ id, kind, tag }: Leftover): string[] | null {
  if (kind === "folder") {
    const path = id.slice("folder:".length);
    return id.startsWith("folder:") && isPrivateFolder(path) ? ["folder", path, "-", "-"] : null;
  }
  const [, pid, start] = /^process:([1-9]\d{0,9}):(\d{1,20})$/.exec(id) ?? [];
  if (pid === undefined || start === undefined || tag === null || parseTag(tag) === null) return null;
  return ["process", pid, start, tag];
}

async function run(transport: NodeTransport, parameters: string[]): Promise<string[]> {
  const execution = await transport.exec({
    argv: ["sh", "-c", STOP, "bpfdesk-stop", ...parameters],
    root: hasRoot(transport.privileges),
    timeout_ms: TIMEOUT_MS,
    record_key: "stop-leftovers",
    cleanup: true,
  });
  execution.stderr.resume();
  const [stdout] = await Promise.all([text(execution.stdout), execution.exited]);
  return stdout.split("\n").map((line) => line.slice(0, 300));
}
