/**
 * Makes the one shell script that asks a node everything: the library, then a call for each section.
 *
 * Nothing is interpolated but the text of the sections. The nonce, the bpftool to use and ids arrive as
 * positional parameters, so the text is the same for every run and can be read before it runs.
 *
 * Pure; running it is `host/collect/collect.ts`.
 */
import { LIBRARY, SUPERVISOR } from "./library.ts";
import { careful, ENTER_ALL, quick } from "./namespaces.ts";
import type { Section } from "./section.ts";

/** `$0` of the script: how it shows in the node's process list. */
const SCRIPT_NAME = "bpfdesk-collect";

/** Tools that sudo runs as root although it runs no shell: name to absolute path. */
export type RootTools = Readonly<Record<string, string>>;

/** Shell functions in the place of those tools. The time limit of a section cannot end what runs as root. */
function throughSudo(tools: RootTools): string {
  return Object.entries(tools)
    .map(([name, path]) => `${name}() { sudo -n -- ${shellQuote(path)} "$@"; }\n`)
    .join("");
}

/** Quotes text as one shell word. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function call(section: Section, scope: string, tools: RootTools): string {
  const whole = section.root_tool !== undefined && tools[section.root_tool] !== undefined;
  const withoutRoot = section.needs_root && !whole ? (section.without_root ?? section.why) : "";
  return [
    "section",
    section.id,
    scope,
    section.timeout_s,
    section.max_bytes,
    shellQuote(withoutRoot),
    shellQuote(section.command.trimEnd()),
  ].join(" ");
}

/** The shell texts for namespaces, and the functions that run them. */
function namespaces(sections: readonly Section[], first: string): string {
  const calls = sections.map((section) => call(section, '"netns:$3"', {}));
  return `QUICK=${shellQuote(quick(sections))}
CAREFUL=${shellQuote(careful(calls))}
FIRST_NETNS=${first}
${ENTER_ALL}
`;
}

/**
 * The script of one stage, for `sh -c`. Its parameters are those of {@link collectArgv}.
 * Node sections run in their order, then the netns sections of one namespace after the other.
 */
export function composeScript(sections: readonly Section[], options: { stage: 1 | 2; tools?: RootTools }): string {
  return scriptOf(
    sections.filter(({ stage }) => stage === options.stage),
    options.tools ?? {},
  );
}

/** The script of exactly these sections, of whatever stage, as {@link composeScript}. */
export function composeNamed(sections: readonly Section[], tools: RootTools = {}): string {
  return scriptOf([...sections], tools);
}

function scriptOf(sections: Section[], tools: RootTools): string {
  const chosen = sections.sort((a, b) => a.order - b.order);
  const ofNode = chosen.filter((section) => section.scope.includes("node"));
  const ofNetns = chosen.filter((section) => section.scope.includes("netns"));
  const first = ofNetns[0];
  const netns = first === undefined ? "" : namespaces(ofNetns, first.id);
  return `N=$1 BPFTOOL=\${2:-bpftool} LANE=0
if [ $# -gt 2 ]; then shift 2; IDS=$*; else IDS=; fi
LIBRARY=${shellQuote(LIBRARY)}
${netns}eval "$LIBRARY"
${throughSudo(tools)}${SUPERVISOR}
collect() {
${ofNode.map((section) => call(section, "node", tools)).join("\n")}
${first === undefined ? "" : "enter_all"}
now
printf '%s%s done ms=%s\\n' "$RS" "$N" $((t - start)) >&5
}

exec 3<&0 5>&1 </dev/null
renice -n 5 -p $$ >/dev/null 2>&1
now; start=$t
{
  collect 3>&- &
  R=$!; echo "r $R" >&8
  ( while read -r _ <&3; do :; done; echo q >&8 ) 5>&- &
  W=$!
  ( while sleep 1; do echo t >&8; done ) 3>&- 5>&- &
  T=$!
  # bash reports what was killed.
  { wait "$R"; killtree "$T"; killtree "$W"; wait; } 2>/dev/null
} 8>&1 >/dev/null | supervise 3>&- 5>&-
`;
}

/**
 * The argument vector that runs a composed script. The nonce is at index 4, where a replay finds it.
 * Throws a RangeError for an id that is not digits: ids are split into words by the script.
 */
export function collectArgv(script: string, nonce: string, bpftool: string | null, ids: readonly string[]): string[] {
  const bad = ids.find((id) => !/^[0-9]{1,10}$/.test(id));
  if (bad !== undefined) throw new RangeError(`not a program id: ${JSON.stringify(bad)}`);
  return ["sh", "-c", script, SCRIPT_NAME, nonce, bpftool ?? "bpftool", ...ids];
}
