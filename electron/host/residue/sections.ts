/**
 * What the inventory's command runs on a node: sections for the collector's script, for dash, bash and busybox.
 *
 * They read and add nothing. Of environments only the tag of bpfdesk leaves the node. Reading the answer is
 * `core/residue/read.ts`.
 */
import type { Section } from "../../core/collect/section.ts";
import { LENT_FOLDERS, REMOTE } from "../tools/remote.ts";

/**
 * Prints `#process TAG` and the stat of every process with a tag but those of this very command: its session, and
 * the guard around it, which carries the same run. Where grep does not know -z, every environment is looked
 * through by itself.
 */
const PROCESSES = `tag='bpfdesk\\.[0-9a-f]\\{12\\}\\.[0-9a-f]\\{12\\}'
read -r x </proc/self/stat; x=\${x##*) }; set -- $x; own=$4
if printf 'a\\0b\\0' | grep -qz '^b$' 2>/dev/null; then
  found=$(grep -lsz "^BPFDESK_TAG=$tag\\$" /proc/[0-9]*/environ)
  [ $? -le 2 ] || exit 1
else
  found=$(for f in /proc/[0-9]*/environ; do
    tr '\\0' '\\n' <"$f" 2>/dev/null | grep -q "^BPFDESK_TAG=$tag\\$" && echo "$f"
  done 2>/dev/null)
fi
for f in $found; do
  s=$(cat "\${f%environ}stat" 2>/dev/null) || continue
  x=\${s##*) }; set -- $x
  [ "$4" != "$own" ] || continue
  if [ "\${BPFDESK_RUN-}" ] && tr '\\0' '\\n' <"$f" 2>/dev/null | grep -qxF "BPFDESK_RUN=$BPFDESK_RUN"; then continue; fi
  t=$(tr '\\0' '\\n' <"$f" 2>/dev/null | sed -n "s/^BPFDESK_TAG=\\($tag\\)\\$/\\1/p" | head -n 1)
  [ -z "$t" ] || printf '#process %s\\n%s\\n' "$t" "$s"
done 2>/dev/null`;

/** A folder that somebody else has made is named and not looked into: a file in it may lead anywhere. */
const FOLDERS = `${LENT_FOLDERS}
me=$(id -u)
places | while IFS= read -r c; do
  for d in "$c"/.bpfdesk-*; do
    lent_folder "$d" || continue
    l=$(ls -dn "$d") || continue
    set -- $l; uid=$3 t=
    case $uid in 0|"$me") if [ -f "$d/.tag" ] && [ -r "$d/.tag" ] && ! [ -L "$d/.tag" ]; then
      t=$(sed -n '1s/^\\(bpfdesk\\.[0-9a-f]\\{12\\}\\.[0-9a-f]\\{12\\}\\)$/\\1/p' "$d/.tag"); fi ;; esac
    printf '%s\\t%s\\t%s\\t%s\\n' "$uid" "$(stat -c %Y "$d")" "$t" "$d"
  done
done`;

/** Needed only where bpftool does not name holders itself (it was built without its iterator, or that fails). */
const HOLDERS = `case $("$BPFTOOL" version 2>/dev/null) in *skeletons*)
  if "$BPFTOOL" -j map show 2>/dev/null | head -c 65536 | grep -q '"pids"'; then exit 0; fi ;;
esac
found=$(grep -rHsE '^(prog|map|link)_id:' /proc/[0-9]*/fdinfo)
[ -n "$found" ] || exit 0
printf '%s\\n#stat\\n' "$found"
for p in $(printf '%s\\n' "$found" | sed -n 's|^/proc/\\([0-9]*\\)/.*|\\1|p' | sort -u); do
  cat "/proc/$p/stat" 2>/dev/null
done
exit 0`;

const PINS = `set -f; IFS='
'
for m in $(sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \\([^ ]*\\) .* - bpf .*/\\1/p' /proc/self/mountinfo | sed 's/\\\\/\\\\0/g' | sort -u); do
  m=$(printf '%b' "$m")
  if [ -r "$m" ] && [ -x "$m" ]; then find "$m" ! -type d 2>/dev/null; else printf '%s: not readable\\n' "$m" >&2; fi
done
exit 0`;

/** As the collector's, without statistics. An interface that has gone meanwhile is left out. */
const FILTERS = `set -f; IFS='
'
qdiscs=$(tc qdisc show) || exit
hooks=; batch=; odd=
for line in $qdiscs; do
  case $line in
    'qdisc clsact '*) directions="ingress\${IFS}egress" ;;
    'qdisc ingress '*) directions=ingress ;;
    *) continue ;;
  esac
  dev=\${line#* dev }; dev=\${dev%% *}
  case $dev in *[!A-Za-z0-9_.@:+=~%-]*) odd=1 ;; esac
  for direction in $directions; do
    hooks="$hooks$dev $direction$IFS"; batch="\${batch}filter show dev $dev $direction$IFS"
  done
done
[ -n "$hooks" ] || exit 0
set -- $hooks
if [ -z "$odd" ]; then
  out=$(printf '%s' "$batch" | tc -j -force -batch - 2>/dev/null)
  count=0; for line in $out; do count=$((count + 1)); done
  if [ "$count" -eq $# ]; then
    for line in $out; do printf '#dev %s\\n%s\\n' "$1" "$line"; shift; done
    exit 0
  fi
fi
for hook; do
  out=$(tc -j filter show dev "\${hook% *}" "\${hook##* }" 2>/dev/null) || continue
  printf '#dev %s\\n%s\\n' "$hook" "$out"
done`;

const NODE = `read -r up _ </proc/uptime && echo "uptime_s=$up"
f=/proc/sys/kernel/bpf_stats_enabled
[ -e "$f" ] || exit 0
v=$(cat "$f") && echo "bpf_stats_enabled=$v"`;

type Part = Pick<Section, "id" | "title" | "command"> & { without_root?: string; root_tool?: string };

const PARTS: readonly Part[] = [
  {
    id: "bpf.prog",
    root_tool: "bpftool",
    title: "Programs",
    command: '"$BPFTOOL" -j -f prog show',
    without_root: "only root can list them",
  },
  {
    id: "bpf.map",
    root_tool: "bpftool",
    title: "Maps",
    command: '"$BPFTOOL" -j -f map show',
    without_root: "only root can list them",
  },
  {
    id: "bpf.link",
    root_tool: "bpftool",
    title: "Links",
    command: '"$BPFTOOL" -j -f link show',
    without_root: "only root can list them",
  },
  { id: "proc.bpf", title: "Holders", command: HOLDERS, without_root: "only root sees those of other users" },
  { id: "tc.qdisc", title: "Queueing disciplines", command: "tc -j qdisc show" },
  { id: "tc.filter", title: "Filters", command: FILTERS },
  { id: "residue.pins", title: "Pins", command: PINS, without_root: "only root sees all of them" },
  { id: "residue.node", title: "Settings", command: NODE },
];

/**
 * What was lent goes after its last use and before what is left is looked for; the process that watched it is
 * waited for.
 */
const RETIRE: Part = {
  id: "residue.retire",
  title: "Take away what was lent",
  command: `set -- "\${BPFTOOL%/*}"
${REMOTE.REMOVE}
i=0; while [ $i -lt 30 ] && grep -lzxF -e "$1" /proc/[0-9]*/cmdline >/dev/null 2>&1; do
  i=$((i + 1)); sleep 0.1 2>/dev/null || { sleep 1; i=$((i + 9)); }
done
exit 0`,
};

const OWN_PARTS: readonly Part[] = [
  { id: "residue.folders", title: "Folders of bpfdesk", command: FOLDERS },
  {
    id: "residue.processes",
    title: "Processes of bpfdesk",
    command: PROCESSES,
    without_root: "only root sees those of other users",
  },
];

/** The sections of one inventory. `retire`: the bpftool that is used was lent, and is taken away on the way. */
export function inventorySections(retire: boolean): Section[] {
  return [...PARTS, ...(retire ? [RETIRE] : []), ...OWN_PARTS].map(({ without_root, ...part }, order) => ({
    ...part,
    order,
    why: `${part.title}, to compare them when the node is left.`,
    scope: ["node"],
    stage: 1,
    needs_root: without_root !== undefined,
    ...(without_root === undefined ? {} : { without_root }),
    // A section that hangs must not keep a person from leaving.
    timeout_s: 8,
    max_bytes: 16 * 1024 * 1024,
  }));
}
