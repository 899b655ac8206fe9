/** The columns of a batch's table: node, the worst, what it is, how many of each word, how it stands. */
import type { VerdictWord } from "../../../electron/core/runbook/types.ts";
import type { BatchRow } from "../../stores/runbooks/batch-rows.ts";
import { countsText, VERDICT_WORDS } from "../../stores/runbooks/verdicts.ts";
import type { Column } from "../../table/columns.ts";
import { durationText, timeText } from "../../ui/format.ts";
import { NodeText } from "../../ui/node-text.tsx";
import { RunIcon, VerdictCounts, VerdictMark } from "./signs.tsx";

/** Hidden until chosen: to sort by one of them. */
const count = (word: VerdictWord, title: string): Column<BatchRow> => ({
  id: word,
  title,
  description: `Verdicts that are ${VERDICT_WORDS[word]}`,
  width: 80,
  align: "end",
  hidden: true,
  value: ({ run, tally }) => (run ? tally.counts[word] : null),
});

const stateOf = ({ state, why }: BatchRow) => (why === null ? state : `${state}: ${why}`);
const took = ({ run }: BatchRow) => (run?.ended_at == null ? null : run.ended_at - run.started_at);

export const batchColumns: Column<BatchRow>[] = [
  { id: "node", title: "Node", width: 110, grow: true, value: ({ label }) => label },
  {
    id: "worst",
    title: "Worst",
    description: "The worst verdict; what a person looks at first stands above",
    width: 96,
    value: ({ tally }) => (tally.worst === null ? null : VERDICT_WORDS[tally.worst]),
    sortValue: ({ rank }) => rank,
    render: ({ tally }) => (tally.worst === null ? "" : <VerdictMark word={tally.worst} />),
  },
  {
    id: "kinds",
    title: "What",
    description: "What was not ruled out",
    width: 120,
    grow: true,
    value: ({ kinds }) => kinds || null,
  },
  {
    id: "verdicts",
    title: "Verdicts",
    description: "How many of each word",
    width: 120,
    value: ({ run }) => (run && run.verdicts.length > 0 ? countsText(run.verdicts) : null),
    render: ({ tally }) => <VerdictCounts counts={tally.counts} />,
  },
  {
    id: "state",
    title: "State",
    width: 130,
    grow: true,
    value: stateOf,
    render: (row) => (
      <>
        <RunIcon word={row.word} />
        <NodeText text={stateOf(row)} titled />
      </>
    ),
  },
  count("confirmed", "Confirmed"),
  count("likely", "Likely"),
  count("cannot_tell", "Cannot tell"),
  count("ruled_out", "Ruled out"),
  {
    id: "began",
    title: "Began",
    width: 150,
    hidden: true,
    value: ({ run }) => run?.started_at ?? null,
    render: ({ run }) => (run ? timeText(run.started_at) : ""),
  },
  {
    id: "took",
    title: "Took",
    width: 80,
    align: "end",
    hidden: true,
    value: took,
    render: (row) => durationText(took(row)),
  },
];
