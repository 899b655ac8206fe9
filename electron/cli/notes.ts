/**
 * What a person must know about a picture before trusting it: that it is a part, that it was taken
 * without root, which parts of the node could not be read. Lines for stderr; empty for a whole picture.
 */
import type { SectionState } from "../core/model/types.ts";
import type { Opened } from "./open.ts";

const ROOT_REMEDY = "Log in as root, allow sudo without a password, or give --sudo to be asked for it.";

/** Sections that the picture is made of, and the tool it is made with; others (counters, names) only decorate it. */
const PICTURE = /^(bpf|net|tc|netns)\.|^node\.tools$/;

export function notesOn({ datapath, limits, cut }: Opened): string[] {
  const { node, sections } = datapath;
  const unread = sections.filter((one) => !one.ok && PICTURE.test(one.section));
  const forRoot = unread.filter(({ warnings }) => warnings.some(({ message }) => message.startsWith("not root: ")));
  return [
    ...(cut ? ["Only a part of the picture arrived."] : []),
    // The host's own reason first, when it knows one; a record only knows that there was no root.
    ...(limits[0]?.startsWith("No root") ? [`${limits[0]} ${ROOT_REMEDY}`] : node.root ? [] : ["Read without root."]),
    ...(forRoot.length > 0 ? [`Not seen without root: ${[...new Set(forRoot.map(nameOf))].join(", ")}.`] : []),
    ...grouped(unread.filter((one) => !forRoot.includes(one))),
  ];
}

/** `Not read: bpf.prog, bpf.map: <why>`, one line for all sections with the same reason. */
function grouped(sections: readonly SectionState[]): string[] {
  const names = new Map<string, Set<string>>();
  for (const section of sections) {
    const { warnings } = section;
    const why = warnings.find(({ code }) => code === "tool-missing") ?? warnings.at(-1);
    const text = why?.message ?? "no reason was given";
    names.set(text, (names.get(text) ?? new Set()).add(nameOf(section)));
  }
  return [...names].map(([why, all]) => `Not read: ${[...all].join(", ")}: ${why}`);
}

const nameOf = ({ section, scope }: SectionState) => (scope === "node" ? section : `${section} (${scope})`);
