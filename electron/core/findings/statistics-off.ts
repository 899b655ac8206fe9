/** Run statistics are off: which programs ran cannot be told from counts. */
import { defineFinding } from "./define.ts";
import { NODE_KEY } from "./lib/evidence.ts";

export default defineFinding({
  id: "statistics-off",
  title: "Run statistics of programs are off",
  examine: ({ node }) =>
    node.bpf_stats_enabled === false
      ? [
          {
            id: "statistics-off",
            severity: "info",
            subject: NODE_KEY,
            subject_name: node.hostname === "" ? "this node" : node.hostname,
            evidence: ["kernel.bpf_stats_enabled = 0"],
            meaning:
              "The kernel does not count how often programs run, so whether one ran is told from code alone. Counting costs a little per run; it is off by default.",
            related: [],
          },
        ]
      : [],
});
