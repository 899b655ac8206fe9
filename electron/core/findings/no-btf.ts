/** A kernel without BTF: names stay cut and CO-RE tools do not run. */
import { defineFinding } from "./define.ts";
import { NODE_KEY } from "./lib/evidence.ts";

export default defineFinding({
  id: "no-btf",
  title: "The kernel has no BTF",
  examine: ({ node }) =>
    node.btf === false
      ? [
          {
            id: "no-btf",
            severity: "info",
            subject: NODE_KEY,
            subject_name: node.hostname === "" ? "this node" : node.hostname,
            evidence: ["/sys/kernel/btf/vmlinux does not exist", `kernel ${node.kernel}`],
            meaning:
              "Programs built to run on any kernel (CO-RE) cannot be loaded here, nor fentry programs. bpftool cannot list which processes hold programs.",
            related: [],
          },
        ]
      : [],
});
