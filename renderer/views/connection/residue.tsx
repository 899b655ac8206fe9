/** The proof that the node is left as it was found: what differs, whose it is, and what could not be compared. */
import { CircleAlert, CircleCheck } from "lucide-react";
import type { NodeState } from "../../../electron/core/journal/state.ts";
import type { NodeInventory, ResidueItem, ResidueReport } from "../../../electron/core/residue/types.ts";
import { plural, timeText } from "../../ui/format.ts";
import { NodeText } from "../../ui/node-text.tsx";

export function ResiduePart({ node }: { node: NodeState }) {
  const { baseline, residue_report } = node;
  return (
    <section className="part" aria-label="Left as it was found">
      <h3>Left as it was found</h3>
      {residue_report ? (
        <Report report={residue_report} />
      ) : baseline ? (
        <Baseline baseline={baseline} />
      ) : (
        <p className="muted">What is on the node has not been written down yet.</p>
      )}
    </section>
  );
}

function Baseline({ baseline }: { baseline: NodeInventory }) {
  const { programs, maps, links, pins, filters } = baseline;
  return (
    <>
      <p>
        Found {timeText(baseline.at)}: {plural(programs.length, "program")}, {plural(maps.length, "map")},{" "}
        {plural(links.length, "link")}, {plural(pins.length, "pin")}, {plural(filters.length, "filter")}. It is compared
        when you disconnect.
      </p>
      <Blind blind={baseline.blind} />
    </>
  );
}

function Report({ report }: { report: ResidueReport }) {
  const { ours, theirs, unknown, blind } = report;
  return (
    <>
      <p className={ours.length + unknown.length + blind.length === 0 ? "with-icon severity-good" : "with-icon"}>
        {ours.length > 0 ? (
          <>
            <CircleAlert size={14} aria-hidden className="severity-critical" />
            <strong>{plural(ours.length, "thing")} of bpfdesk still there</strong>
          </>
        ) : unknown.length + blind.length > 0 ? (
          <>
            <CircleAlert size={14} aria-hidden className="severity-warning" />
            {blind.length > 0
              ? "Nothing of bpfdesk was seen, but not everything could be compared"
              : "Nothing of bpfdesk was seen; of something new it cannot be told whose it is"}
          </>
        ) : (
          <>
            <CircleCheck size={14} aria-hidden /> Nothing of bpfdesk is left
          </>
        )}
      </p>
      <p className="muted">
        Compared {timeText(report.from)} with {timeText(report.to)}.
      </p>
      <Items title="Ours" items={ours} />
      <Items title="Whose it is cannot be told" items={unknown} />
      <Items title="Changed by others meanwhile" items={theirs} />
      <Blind blind={blind} />
    </>
  );
}

function Items({ title, items }: { title: string; items: readonly ResidueItem[] }) {
  if (items.length === 0) return null;
  return (
    <table className="plain-table">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Change</th>
          <th scope="col">Whose, and why that is said</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={`${item.kind} ${item.change} ${item.label}`}>
            <td>
              <NodeText text={item.label} mono />
            </td>
            <td>{item.change}</td>
            <td>
              <NodeText text={item.because} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Blind({ blind }: { blind: readonly string[] }) {
  if (blind.length === 0) return null;
  return (
    <ul className="remarks" aria-label="Could not be compared">
      {blind.map((what) => (
        <li key={what}>
          <CircleAlert size={13} aria-hidden className="severity-warning" /> <NodeText text={what} />
        </li>
      ))}
    </ul>
  );
}
