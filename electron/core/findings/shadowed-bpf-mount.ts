/** More than one BPF filesystem: pins made in one are not seen in another, so an agent attaches twice. */
import type { BpfMount } from "../model/types.ts";
import { defineFinding } from "./define.ts";
import { NODE_KEY } from "./lib/evidence.ts";

export default defineFinding({
  id: "shadowed-bpf-mount",
  title: "A BPF filesystem mounted over or beside another one",
  examine({ node }) {
    const mounts = node.bpf_mounts;
    const covered = mounts.filter((one) => one.shadowed);
    const places = new Set(mounts.map((one) => one.mount_point));
    const filesystems = new Set(mounts.map((one) => one.device ?? `mount ${one.mount_id}`));
    // Bind mounts show one filesystem in two places, which hides nothing.
    if (covered.length === 0 && filesystems.size < 2) return [];
    const where = covered.length > 0 ? covered.map((one) => one.mount_point) : [...places];
    return [
      {
        id: "shadowed-bpf-mount",
        severity: "warning",
        subject: NODE_KEY,
        subject_name: [...new Set(where)].join(", "),
        evidence: mounts.map(describe),
        meaning:
          covered.length > 0
            ? "Pins below the covered mount still hold their programs and maps, but no path leads to them: an agent that looks for its pins finds none and attaches again. Pins shown here are those of the uncovered mount."
            : "Each mount is a BPF filesystem of its own: pins made in one are not in the other. An agent that is given the other one finds none of its pins and attaches again.",
        related: [],
      },
    ];
  },
});

function describe(mount: BpfMount): string {
  const device = mount.device === undefined ? "" : `, filesystem ${mount.device}`;
  const covered = mount.shadowed ? ", covered by a later mount" : "";
  return `${mount.mount_point}: mount ${mount.mount_id} on mount ${mount.parent_id}${device}${covered}`;
}
