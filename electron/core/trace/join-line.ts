/**
 * A tracer's own line with what the node's picture knows beside it: `pod` and `container` of its cgroup, and the
 * node it is of. What the tracer wrote stays as it wrote it.
 */
import type { TraceNames } from "./names.ts";
import type { RecordField } from "./table.ts";

/**
 * What is joined to a record, by where it comes from; nothing to one without a cgroup. That of the first is `pod` and
 * `container`; of another its own name stands in front.
 */
export function cgroupFields({
  fields,
}: {
  fields: readonly RecordField[];
}): { field: string; pod: string; container: string }[] {
  const taken = new Set(fields.map(({ name }) => name));
  return fields
    .filter(({ type }) => type === "cgroup")
    .map(({ name }, index) => ({
      field: name,
      pod: index === 0 ? "pod" : `${name}_pod`,
      container: index === 0 ? "container" : `${name}_container`,
    }))
    .filter(({ pod, container }) => !taken.has(pod) && !taken.has(container));
}

/** `line`: one JSON object, which `members` is the reading of. */
export function joinLine(
  line: string,
  members: Readonly<Record<string, unknown>>,
  fields: ReturnType<typeof cgroupFields>,
  names: TraceNames,
): string {
  const added: Record<string, string | null> = {};
  for (const { field, pod, container } of fields) {
    const path = Object.hasOwn(members, field) ? members[field] : null;
    if (typeof path !== "string") continue;
    const found = names.ofCgroup(path);
    added[pod] = found.pod;
    added[container] = found.container;
  }
  const more = JSON.stringify(added).slice(1, -1);
  const end = line.lastIndexOf("}");
  return more === "" ? line : `${line.slice(0, end)},${more}}`;
}
