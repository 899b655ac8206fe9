/** What else is lit when something is selected: the same program elsewhere, users of a map, subjects of a finding. */
import type { Key } from "../../../electron/core/model/types.ts";
import type { DatapathIndex } from "../../stores/datapath-index.ts";

const NONE: ReadonlySet<Key> = new Set();

/** Keys of attachments, programs and maps that belong to the selected thing. */
export function relatedTo(index: DatapathIndex | null, selected: Key | null): ReadonlySet<Key> {
  const thing = index && selected !== null ? index.things.get(selected) : undefined;
  if (!index || !thing) return NONE;
  const program = (id: number | null) => (id === null ? undefined : index.programById.get(id)?.key);
  switch (thing.kind) {
    case "entry":
    case "cgroup":
    case "tracing":
    case "link":
      return keys([program(thing.value.prog_id)]);
    case "program":
      return keys([thing.key]);
    case "map":
      return keys([thing.key, ...thing.value.used_by.map(program)]);
    case "finding":
      return keys([thing.value.subject, ...thing.value.related]);
    default:
      return NONE;
  }
}

function keys(list: readonly (Key | undefined)[]): ReadonlySet<Key> {
  return new Set(list.filter((key) => key !== undefined));
}
