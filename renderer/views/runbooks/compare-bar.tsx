/** Chooses an earlier run of the same book on the same node to compare with, and says what changed since. */
import { GitCompareArrows } from "lucide-react";
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import type { RunComparison } from "../../../electron/core/runbook/compare.ts";
import { comparisonText, countsText } from "../../stores/runbooks/verdicts.ts";
import { timeText } from "../../ui/format.ts";

export function CompareBar(props: {
  earlier: readonly RunbookRunState[];
  run: RunbookRunState;
  against: string | null;
  onChange: (run_id: string | null) => void;
  comparison: RunComparison | null;
}) {
  const { earlier, run, against, onChange, comparison } = props;
  return (
    <div className="compare-bar">
      <GitCompareArrows size={14} aria-hidden />
      <label>
        Compare with{" "}
        <select
          className="input"
          value={against ?? ""}
          onChange={(event) => onChange(event.target.value === "" ? null : event.target.value)}
        >
          <option value="">nothing</option>
          {earlier.map((one) => (
            <option key={one.run_id} value={one.run_id}>
              {timeText(one.started_at)}
              {JSON.stringify(one.inputs) === JSON.stringify(run.inputs) ? "" : " (other inputs)"}:{" "}
              {countsText(one.verdicts)}
            </option>
          ))}
        </select>
      </label>
      <span role="status">{comparison ? `Since then: ${comparisonText(comparison)}.` : ""}</span>
    </div>
  );
}
