/**
 * The shell functions of the collector script: frames and time limits.
 *
 * For dash, bash and busybox ash. Everything that has to wait waits in pipes and shell variables, never in a
 * file, so that a full disk does not matter; here-documents are not used because older bash keeps them in
 * files. Which sections run is not decided here (`compose.ts`), nor how namespaces are entered (`namespaces.ts`).
 *
 * Descriptors: 3 is the caller's stdin, 5 the stream of frames, 8 leads to the supervisor; 6 and 7 live
 * inside `section` only; 9 is the turn of the lanes (`namespaces.ts`). A section's command has none of them.
 */

/** Bytes of a section's stderr that are kept. */
export const STDERR_LIMIT = 4096;

/** The whole script gives up after this many seconds, whatever its sections are allowed. */
export const SCRIPT_LIMIT_S = 240;

/** `now` sets `t` to the milliseconds since boot, in steps of ten, without starting a process. */
export const NOW = `now() {
  t=0; IFS=' .' read -r up cs _ </proc/uptime && t=$((up * 1000 + \${cs#0} * 10))
}`;

/**
 * Functions of the script itself and of the shells it starts in namespaces. Wants `$N` (nonce), `$BPFTOOL`,
 * `$IDS` and `$LANE`.
 *
 * - {@link NOW}.
 * - `cgroup2_mount` prints where the cgroup2 filesystem is mounted, or nothing.
 * - `limit_errors` passes the beginning of its input on and swallows the rest, and starts no process when there
 *   is none, as is the rule.
 * - `section ID SCOPE TIMEOUT_S MAX_BYTES WITHOUT_ROOT COMMAND` runs one section. One byte more than MAX_BYTES
 *   may pass: that byte tells the reader that output was cut. (Counting here would need a `head` that never
 *   reads ahead; busybox has one that does.) What a command prints on stderr and its exit code come back
 *   through one substitution, the code between two marks; its stdout goes straight to the frames.
 */
export const LIBRARY = `LC_ALL=C PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin
export LC_ALL PATH
unset IFS CDPATH POSIXLY_CORRECT QUOTING_STYLE GREP_OPTIONS GREP_COLOR GREP_COLORS
RS=$(printf '\\036') LF='
'
ROOT=; [ "$(id -u)" = 0 ] && ROOT=1

# A busybox that prefers its applets to PATH (busybox-static) has an ip and a tc of its own, without JSON.
outside() {
  IFS=:
  for dir in $PATH; do if [ -x "$dir/$1" ]; then printf '%s\\n' "$dir/$1"; return 0; fi; done
  return 1
}
if [ "$(command -v ip)" = ip ] && IP=$(outside ip); then ip() { "$IP" "$@"; }; fi
if [ "$(command -v tc)" = tc ] && TC=$(outside tc); then tc() { "$TC" "$@"; }; fi

${NOW}

cgroup2_mount() {
  printf '%b' "$(sed -n -e '/ - cgroup2 /!d' -e 's/^[^ ]* [^ ]* [^ ]* [^ ]* \\([^ ]*\\) .*/\\1/' \\
    -e 's/\\\\/\\\\0/g' -e p -e q /proc/self/mountinfo)"
}

netns_list() {
  own=$(stat -L -c '%d %i' /proc/self/ns/net) || exit
  nsfs=\${own% *} seen=" \${own#* } "
  held=$(stat -L -c '%i %n' /proc/[0-9]*/ns/net 2>/dev/null)
  named=$(stat -L -c '%d %i %n' /run/netns/* 2>/dev/null)
  set -f
  IFS='
'
  for h in $held; do
    inode=\${h%% *}
    case $seen in *" $inode "*) continue ;; esac
    seen="$seen$inode "; pid=\${h#* /proc/}; name=
    for n in $named; do
      case $n in "$nsfs $inode "*) name=\${n#* /run/netns/}; break ;; esac
    done
    printf '%s\\t%s\\t%s\\n' "$inode" "\${pid%%/*}" "$name"
  done
  for n in $named; do
    inode=\${n#* }; inode=\${inode%% *}
    case $n in "$nsfs "*) ;; *) continue ;; esac
    case $seen in *" $inode "*) continue ;; esac
    seen="$seen$inode "
    printf '%s\\t\\t%s\\n' "$inode" "\${n#* /run/netns/}"
  done
}

limit_errors() {
  if IFS= read -r line || [ -n "$line" ]; then
    printf '%.${STDERR_LIMIT}s\\n' "$line"; head -c ${STDERR_LIMIT}; exec cat >/dev/null
  fi
}

section() {
  now; t0=$t
  printf '%s%s begin %s %s max=%s\\n' "$RS" "$N" "$1" "$2" "$4" >&5
  r=$( {
    { {
      if [ -z "$ROOT" ] && [ -n "$5" ]; then printf 'not root: %s\\n' "$5" >&2; fi
      ( command=$6; set -- $IDS; eval "$command" ) </dev/null 3>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
      p=$!; echo "s $LANE $p $3" >&8
      wait "$p" 2>/dev/null; rc=$?
      echo "e $LANE" >&8; printf '%s%s:%s:' "$RS" "$N" "$rc" >&7
    } 2>&1 >&6 6>&- | limit_errors >&7 6>&-; } 6>&1 | head -c $(($4 + 1)) >&5 7>&-
  } 7>&1 )
  now
  case $r in
    *"$RS$N:"*) e=\${r%%"$RS$N:"*}; r=\${r#*"$RS$N:"}; rc=\${r%%:*}; e=$e\${r#*:} ;;
    *) e=$r; rc=137 ;;
  esac
  while [ "$e" != "\${e%"$LF"}" ]; do e=\${e%"$LF"}; done
  if [ "$rc" = 137 ] && [ $((t - t0)) -ge $(($3 * 1000)) ]; then rc=124; fi
  printf '\\n%s%s err %s %s\\n%s\\n%s%s end %s %s exit=%s ms=%s\\n' \\
    "$RS" "$N" "$1" "$2" "$e" "$RS" "$N" "$1" "$2" "$rc" $((t - t0)) >&5
}
`;

/**
 * The script's own part: `supervise` keeps the time limits.
 *
 * One supervisor reads one pipe: `s LANE PID LIMIT` and `e LANE` for what starts and ends in a lane (0 or 1),
 * `t` each second, `q` when the caller's stdin has ended, `r PID` for the process to stop then. It stops a tree
 * of processes from the root down, each with SIGSTOP first, so that nothing can start another process on the way.
 * GNU sed would end at the first process that is gone when it is read; grep goes on.
 */
export const SUPERVISOR = `
killtree() {
  kill -STOP "$1" 2>/dev/null || return 0
  if [ -e "/proc/$1/task/$1/children" ]; then set -- "$1" $(cat "/proc/$1/task/"*/children 2>/dev/null)
  else set -- "$1" $(grep -hs '^[0-9]* (.*) . '"$1"' ' /proc/[0-9]*/stat | sed 's/ .*//'); fi
  kill -KILL "$1" 2>/dev/null; shift
  for child; do killtree "$child"; done
}

tick() {
  eval "p=\\$p$1 left=\\$((left$1 -= 1))"
  if [ -n "$p" ] && [ "$left" -lt 0 ]; then killtree "$p"; eval "p$1="; fi
}

supervise() {
  p0= p1= left0=0 left1=0 total=${SCRIPT_LIMIT_S} runner=
  while read -r message a b c; do
    case $message in
      r) runner=$a ;;
      s) eval "p$a=$b left$a=$c" ;;
      e) eval "p$a=" ;;
      q) killtree "$runner" ;;
      t) total=$((total - 1)); [ "$total" -gt 0 ] || killtree "$runner"
        tick 0; tick 1 ;;
    esac
  done
}
`;
