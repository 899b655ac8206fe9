/**
 * How the collector script asks the same questions in every network namespace of a node, often hundreds.
 *
 * Each namespace is asked quickly first: one shell that starts little but the tools, its output held back in a
 * variable until it is whole. What is not whole for any reason (a tool failed or said something on stderr, a
 * limit was reached, the process that led there is gone) is thrown away, and the namespace is asked carefully,
 * section by section with limits of their own, as the node itself is. Two lanes share the work where there are
 * two CPUs; a byte in a pipe is the turn to write, so that frames never mix.
 *
 * Shell text only; what is asked is decided by the sections.
 */
import { NOW } from "./library.ts";
import type { Section } from "./section.ts";

/**
 * A namespace that says more than this is asked carefully: its output is then not kept in a variable. Where a
 * section allows less, the reader of the frames cuts it there.
 */
const QUICK_BYTES = 1024 * 1024;
/** Seconds a quick shell may take, or the shortest limit of its sections; it needs hundredths of one. */
const QUICK_LIMIT_S = 5;

/** A command that a shell can become. Where this is wrong the command fails, and is run carefully. */
const isSimple = (command: string) => /^[^\n;&|<>()`]+$/.test(command);

/**
 * The text of a quick shell. Parameters: nonce, bpftool, inode of the namespace, lane, record separator. Ends with
 * the mark `whole` when every section succeeded in silence. Its stdin is an empty pipe, of which it takes both ends
 * as descriptor 9 to see whether anything comes on stderr. One time limit, no longer than that of any
 * section, holds for all of them together.
 */
export function quick(sections: readonly Section[]): string {
  const needed = new Set(sections.flatMap(({ empty_unless }) => empty_unless?.section ?? []));
  const seen = new Set<string>();
  const parts = sections.map((section) => {
    const text = quickSection(section, needed.has(section.id), seen);
    if (needed.has(section.id)) seen.add(section.id);
    return text;
  });
  return `N=$1 BPFTOOL=$2 INODE=$3 RS=$5 IDS=
exec 9<>/proc/self/fd/0 </dev/null || exit
echo "s $4 $$ ${Math.min(QUICK_LIMIT_S, ...sections.map(({ timeout_s }) => timeout_s))}" >&8
exec 8>&-
${NOW}
inode=
# Kernels before 5.14 do not tell the inode there.
{ while read -r key value; do [ "$key" = ino: ] && inode=$value; done </proc/self/fdinfo/4; } 4</proc/self/ns/net
[ "\${inode:-$(stat -L -c %i /proc/self/ns/net)}" = "$INODE" ] || exit
begin() {
  printf '%s%s begin %s netns:%s max=%s\\n' "$RS" "$N" "$1" "$INODE" "$2"
}
end() {
  t0=$t; now
  printf '\\n%s%s err %s netns:%s\\n\\n%s%s end %s netns:%s exit=0 ms=%s\\n' \\
    "$RS" "$N" "$1" "$INODE" "$RS" "$N" "$1" "$INODE" $((t - t0))
}
now
${parts.join("")}echo silence >&9; read -r said <&9
[ "$said" = silence ] && printf '%s%s whole' "$RS" "$N"
`;
}

/** One section of a quick shell. With `keep`, its output is there for others to look at, under {@link variable}. */
function quickSection(section: Section, keep: boolean, seen: ReadonlySet<string>): string {
  const { id, max_bytes, empty_unless } = section;
  const command = section.command.trimEnd();
  const body = `\n${isSimple(command) ? "exec " : ""}${command}\n`;
  let run = `(${body}) 2>&9 9>&- || exit`;
  if (keep) run = `${variable(id)}=$( exec 2>&9 9>&-${body}) || exit; printf '%s\\n' "$${variable(id)}"`;
  if (empty_unless !== undefined && seen.has(empty_unless.section)) {
    const words = empty_unless.words.map((word) => `*${word}*`).join("|");
    run = `case $${variable(empty_unless.section)} in ${words})\n${run} ;; esac`;
  }
  return `begin ${id} ${max_bytes}\n${run}\nend ${id}\n`;
}

const variable = (id: string) => `out_${id.replace(".", "_")}`;

/**
 * What a careful shell does after the library. Parameters: nonce, bpftool, inode of the namespace, lane.
 * A process id is reused sooner or later, so the namespace is checked before anything is said about it.
 */
export function careful(calls: readonly string[]): string {
  return `N=$1 BPFTOOL=$2 LANE=$4 IDS=
[ "$(stat -L -c %i /proc/self/ns/net)" = "$3" ] || exit 75
${calls.join("\n")}
`;
}

/** The function `enter_all`, which asks every namespace. Wants `$QUICK`, `$CAREFUL`, `$FIRST_NETNS` and the library. */
export const ENTER_ALL = `
ask_quickly() {
  frames=$(: | nsenter --net="$1" sh -c "$QUICK" bpfdesk-netns "$N" "$BPFTOOL" "$2" "$LANE" "$RS" \\
    2>/dev/null 5>&- | head -c ${QUICK_BYTES})
  echo "e $LANE" >&8
  case $frames in *"$RS$N whole") frames=\${frames%"$RS$N whole"} ;; *) return 1 ;; esac
}

enter() {
  [ -n "$1" ] || return 1
  said=$(nsenter --net="$1" sh -c "$LIBRARY$CAREFUL" bpfdesk-netns "$N" "$BPFTOOL" "$2" "$LANE" 2>&1 >/dev/null)
}

ask_carefully() {
  enter "\${name:+/run/netns/$name}" "$inode" && return
  enter "\${pid:+/proc/$pid/ns/net}" "$inode" && return
  # The process is gone, or its id belongs to another one by now: any other process there will do.
  pid=$(stat -L -c '%i %n' /proc/[0-9]*/ns/net 2>/dev/null | sed -n "s|^$inode /proc/\\\\([0-9]*\\\\)/.*|\\\\1|p" | head -n 1)
  if [ -n "$pid" ]; then enter "/proc/$pid/ns/net" "$inode" && return; fi
  case $said in *'No such file'*|'') return ;; esac
  section "$FIRST_NETNS" "netns:$inode" 5 4096 '' 'printf "%s\\n" "$said" >&2; exit 1'
}

lane() {
  LANE=$1 next=0
  set -f
  IFS=$LF
  for ns in $list; do
    set +f; unset IFS
    mine=$next next=$(((next + 1) % lanes))
    [ "$mine" = "$LANE" ] || continue
    inode=\${ns%%"$tab"*}; name=\${ns##*"$tab"}; pid=\${ns#*"$tab"}; pid=\${pid%%"$tab"*}
    if [ -n "$name" ]; then path=/run/netns/$name; else path=/proc/$pid/ns/net; fi
    if ask_quickly "$path" "$inode" 9>&-; then take_turn; printf '%s' "$frames" >&5
    else take_turn; ask_carefully; fi
    give_turn
  done
}

take_turn() { [ "$lanes" = 1 ] || read -r _ <&9; }
give_turn() { [ "$lanes" = 1 ] || echo >&9; }

enter_all() {
  if [ -z "$ROOT" ] || ! command -v nsenter >/dev/null; then return 0; fi
  list=$(netns_list)
  tab=$(printf '\\t') lanes=1
  # An empty pipe, of which both ends are taken: who reads the line that is in it has the turn.
  : | {
    read -r cpus </sys/devices/system/cpu/online
    case $cpus in *[,-]*)
      if true 9<>/proc/self/fd/0 2>/dev/null; then exec 9<>/proc/self/fd/0; lanes=2; give_turn; fi ;;
    esac
    if [ "$lanes" = 2 ]; then lane 1 & fi
    lane 0
    wait
  }
}
`;
