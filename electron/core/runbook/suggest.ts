/** Which runbooks the findings of a picture suggest, and what they would be begun with. Pure. */
import type { Datapath, Finding, Iface, Pod } from "../model/types.ts";
import type { BookSuggestion } from "./types.ts";

export interface Suggestion {
  book: string;
  /** One or more, in the order of the picture. */
  findings: { finding: Finding; inputs: Record<string, string> }[];
  /** To begin with for all of them: what their inputs have in common. */
  inputs: Record<string, string>;
}

/** One suggestion a book, in the order of the books; none for a book that nothing suggests. */
export function suggestionsOf(
  datapath: Datapath,
  books: readonly { id: string; suggested_by?: readonly BookSuggestion[] }[],
): Suggestion[] {
  return books.flatMap(({ id, suggested_by = [] }) => {
    const by = new Map(suggested_by.map((one) => [one.finding, one]));
    const findings = datapath.findings.flatMap((finding) => {
      const suggestion = by.get(finding.id);
      return suggestion ? [{ finding, inputs: inputsOf(suggestion, finding, datapath) }] : [];
    });
    const [first] = findings;
    if (!first) return [];
    const common = Object.entries(first.inputs).filter(([name, value]) =>
      findings.every(({ inputs }) => inputs[name] === value),
    );
    return [{ book: id, findings, inputs: Object.fromEntries(common) }];
  });
}

/** What a finding is about, under the names that books and suggestions know. Absent: it is about no such thing. */
export function namesOfFinding(
  finding: Finding,
  datapath: Datapath,
): { subject: string; ifname?: string; pod?: string } {
  const keys = [finding.subject, ...finding.related];
  const iface = keys.flatMap((key) => datapath.interfaces.find((one) => isOn(key, one)) ?? [])[0];
  const pod = keys.flatMap((key) => datapath.pods.find((one) => one.key === key) ?? [])[0] ?? podOf(iface, datapath);
  return {
    subject: finding.subject,
    ...(iface ? { ifname: iface.name } : {}),
    ...(pod && pod.name !== null ? { pod: `${pod.namespace ?? "?"}/${pod.name}` } : {}),
  };
}

/** The interface itself, one of its hooks, or an entry of one. */
function isOn(key: string, { key: own, hooks }: Iface): boolean {
  return (
    key === own || key.startsWith(`${own}:`) || hooks.some(({ entries }) => entries.some((one) => one.key === key))
  );
}

function podOf(iface: Iface | undefined, { pods }: Datapath): Pod | undefined {
  return iface?.pod ? pods.find(({ key }) => key === iface.pod) : undefined;
}

/** What names nothing here is left out. */
function inputsOf({ inputs = {} }: BookSuggestion, finding: Finding, datapath: Datapath): Record<string, string> {
  const names: Readonly<Record<string, string>> = { ...namesOfFinding(finding, datapath) };
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, value]) => {
      const meant = value.startsWith("$") ? names[value.slice(1)] : value;
      return meant === undefined ? [] : [[name, meant]];
    }),
  );
}
