/**
 * The few commands that put what is lent (bpftool, the tracers) on a node, check it and take it away. Shell text is constant;
 * every value is a positional parameter.
 */
import { hasRoot } from "../../core/privileges.ts";
import { firstText } from "../transport/text.ts";
import type { NodeTransport } from "../transport/types.ts";

/** Folders to try, in this order: memory first, so that a full disk does not matter. `~` is the home folder. */
export const CANDIDATES = ["/run", "/dev/shm", "/tmp", "/var/tmp", "~"] as const;

/**
 * Shell functions: `places` prints the folders above as they really are, one a line; `lent_folder PATH` says
 * whether a path is a folder with a name of the form that is given here, and no link to one.
 */
export const LENT_FOLDERS = `places() {
  seen=' '
  for c in ${CANDIDATES.map((place) => (place === "~" ? '"$HOME"' : place)).join(" ")}; do
    [ -n "$c" ] && c=$(cd -P "$c" 2>/dev/null && pwd -P) || continue
    c=\${c%/}; case $seen in *" $c "*) continue ;; esac
    seen="$seen$c "; printf '%s\\n' "$c"
  done
}
lent_folder() {
  n=\${1##*/.bpfdesk-}
  case $n in *[!0-9a-f]*) return 1 ;; esac
  [ \${#n} = 32 ] && [ -d "$1" ] && ! [ -L "$1" ]
}`;

/**
 * Removes the folder $1 when the connection is gone in a way that nobody could say so before: a lost line, a
 * killed bpfdesk. A process of its own session looks every two seconds whether what the connection hangs on
 * still lives: process $2, or the nearest ancestor that is an SSH server. Ends at once when there is neither.
 *
 * Of /proc/pid/stat: after `comm` come the state, the parent and, 20th, the start time, which tells a process
 * from a later one of the same number.
 */
const WATCH = `watch() {
  d=$1 p=$2; command -v setsid >/dev/null 2>&1 || return 1
  if [ "$p" = - ]; then
    p=$$
    while :; do
      read -r s <"/proc/$p/stat" || return 1
      c=\${s#*(}; c=\${c%)*}; set -- \${s##*) }
      case $c in sshd*|dropbear*|tinysshd*) break ;; esac
      p=$2; [ "$p" -gt 1 ] || return 1
    done
  else read -r s <"/proc/$p/stat" || return 1; set -- \${s##*) }; fi
  setsid /bin/sh -c 'trap "" HUP INT; set -f
    while [ -d "$1" ] && read -r s <"/proc/$2/stat"; do
      d=$1 p=$2 t=$3; set -- \${s##*) }
      if [ "$1" = Z ] || [ "\${20}" != "$t" ]; then set -- "$d" "$p" "$t"; break; fi
      set -- "$d" "$p" "$t"; sleep 2
    done
    rm -rf -- "$1"' bpfdesk-lent "$d" "$p" "\${20}" </dev/null >/dev/null 2>&1 &
}`;

/**
 * Parameters: process to watch or `-`, name of the folder to make, KiB needed, candidates. Prints the folder it
 * made and the machine's kind, or a line a candidate to stderr with what is wrong with it.
 *
 * A folder is trusted when it and all above it belong to root or to the user, and who else may write there
 * cannot rename what is not theirs (the sticky bit). Whether programs may run is tried, not read from options.
 * The tag of the connection is written in it, so that a folder that is left tells whose it is.
 *
 * When it is cancelled or the line is lost half-way, nobody has heard of the folder yet, and perhaps nobody watches it:
 * it is taken away again at once. What does that must not be ended by a signal that was meant for what it interrupts.
 */
const PREPARE = `${WATCH}
umask 077; on=$1 name=$2 need=$3 d=; shift 3; uid=$(id -u); LC_ALL=C; export LC_ALL
trap 'trap "" HUP INT TERM; [ -z "$d" ] || rm -rf -- "$d"; exit 1' HUP INT TERM
trusted() {
  p=$1
  while :; do
    l=$(ls -dn "$p/.") || return 1
    set -- $l
    case $3 in 0|"$uid") ;; *) return 1 ;; esac
    case $1 in
      ?????????[tT]*) ;;
      ????????w*) return 1 ;;
      ?????w*) [ "$4" = 0 ] || return 1 ;;
    esac
    [ -n "$p" ] || return 0
    p=\${p%/*}
  done
}
for c; do
  if [ "$c" = '~' ]; then c=$HOME; fi
  if [ -z "$c" ] || ! [ -d "$c" ] || ! c=$(cd -P "$c" && pwd -P); then echo "$c: not there" >&2; continue; fi
  [ -w "$c" ] || { echo "$c: not writable" >&2; continue; }
  trusted "\${c%/}" 2>/dev/null || { echo "$c: others could replace files in it" >&2; continue; }
  free=$(df -Pk "$c" 2>/dev/null | sed -n '2s/^.* \\([0-9][0-9]*\\)  *[0-9-][0-9]*% .*/\\1/p')
  [ "\${free:-0}" -ge "$need" ] || { echo "$c: \${free:-no} KiB free, $need needed" >&2; continue; }
  d=$c/$name
  mkdir -m 700 "$d" 2>/dev/null || { d=; echo "$c: no folder could be made" >&2; continue; }
  if printf '#!/bin/sh\\nexit 0\\n' >"$d/try" && chmod 700 "$d/try" && "$d/try"; then
    rm -f "$d/try"; [ -z "\${BPFDESK_TAG-}" ] || printf '%s\\n' "$BPFDESK_TAG" >"$d/.tag"
    printf '%s\\n' "$d"; uname -m; watch "$d" "$on"; exit 0
  fi 2>/dev/null
  rm -f "$d/try"; rmdir "$d"; echo "$c: programs cannot run there" >&2
done
exit 1`;

/** Parameters: name of the folder that PREPARE may have made, candidates. For when its answer was not heard. */
const FORGET = `name=$1; shift
for c; do [ "$c" != '~' ] || c=$HOME; rm -rf -- "$c/$name"; done 2>/dev/null`;

/** Parameters: folder. Exit 3, and an empty folder, when there is no tar or none that knows gzip. */
const UNPACK = `umask 077; cd "$1" || exit 1
tar -x -z -o -f bpftool.tar.gz 2>/dev/null; r=$?
rm -f bpftool.tar.gz
[ "$r" = 0 ] || { rm -rf ./*; exit 3; }`;

/** Parameters: folder, then its files. Prints a hash a file, then `runs=0` when bpftool starts there. */
const CHECK = `cd "$1" || exit 1; shift
sha256sum -- "$@"; ./bpftool version >/dev/null 2>&1 </dev/null; echo "runs=$?"`;

/**
 * Parameters: folder, always one that PREPARE made. Prints it again when it is still there. The process that
 * watches it would see that by itself; where grep knows -z it does not have to.
 */
const REMOVE = `rm -rf -- "$1" 2>/dev/null
for f in $(grep -lzxF -e "$1" /proc/[0-9]*/cmdline); do
  p=\${f#/proc/}; grep -qzxF bpfdesk-lent "$f" && kill -s TERM -- "-\${p%/cmdline}"
done 2>/dev/null
if [ -e "$1" ]; then printf '%s\\n' "$1"; fi`;

/** Parameters: folder. */
const MAKE_LIB = 'mkdir -m 700 "$1/lib"';

/** Prints kernel release, machine, path of bpftool and the first line of its version, a line each. */
const PROBE = `PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; LC_ALL=C; export PATH LC_ALL
uname -r; uname -m; b=$(command -v bpftool); echo "$b"
if [ -n "$b" ]; then bpftool version 2>&1 </dev/null | head -n 1; fi`;

export const REMOTE = { PREPARE, FORGET, UNPACK, CHECK, REMOVE, MAKE_LIB, PROBE } as const;

export interface Answer {
  code: number | null;
  stdout: string;
  stderr: string;
}

const TIMEOUT_MS = 30_000;
const ANSWER_LIMIT = 64 * 1024;

/** Runs one of the commands above with the best privileges there are. Rejects with the transport's error. */
export async function remote(
  transport: NodeTransport,
  step: keyof typeof REMOTE,
  parameters: readonly string[],
  options: { signal?: AbortSignal; cleanup?: boolean } = {},
): Promise<Answer> {
  const execution = await transport.exec({
    argv: ["sh", "-c", REMOTE[step], "bpfdesk-tools", ...parameters],
    root: hasRoot(transport.privileges),
    timeout_ms: TIMEOUT_MS,
    record_key: `tools-${step.toLowerCase()}`,
    ...options,
  });
  const [stdout, stderr, exit] = await Promise.all([
    firstText(execution.stdout, ANSWER_LIMIT),
    firstText(execution.stderr, ANSWER_LIMIT),
    execution.exited,
  ]);
  return { code: exit.code, stdout, stderr };
}
