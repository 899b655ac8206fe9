/** How far a collection is, section by section. */
import { Check, Circle, TriangleAlert } from "lucide-react";
import { ProgressBar } from "react-aria-components";
import type { CollectState } from "../../electron/core/journal/state.ts";
import type { SectionState } from "../../electron/core/model/types.ts";
import { NodeText } from "../ui/node-text.tsx";

export function CollectProgress({ collect }: { collect: CollectState }) {
  const done = Map.groupBy(collect.done, (state) => state.section);
  const arrived = collect.expected.filter((section) => done.has(section.section)).length;
  return (
    <section aria-label="Progress of the collection" className="stack">
      <ProgressBar
        value={arrived}
        maxValue={Math.max(1, collect.expected.length)}
        aria-label="Sections"
        className="progress"
      >
        {({ percentage }) => (
          <>
            <div className="progress-track">
              <div className="progress-fill" style={{ width: `${percentage ?? 0}%` }} />
            </div>
            <span className="muted">
              {arrived} of {collect.expected.length} sections
            </span>
          </>
        )}
      </ProgressBar>
      <ul className="section-list">
        {collect.expected.map((section) => (
          <SectionLine key={section.section} title={section.title} states={done.get(section.section) ?? []} />
        ))}
      </ul>
    </section>
  );
}

function SectionLine({ title, states }: { title: string; states: readonly SectionState[] }) {
  const bad = states.find((state) => !state.ok);
  const Icon = states.length === 0 ? Circle : bad ? TriangleAlert : Check;
  const tone = states.length === 0 ? "waiting" : bad ? "warned" : "done";
  return (
    <li className={`section-line section-${tone}`}>
      <Icon size={13} aria-hidden />
      <span className="ellipsis">{title}</span>
      <span className="visually-hidden">{tone}</span>
      {bad?.warnings[0] ? (
        <span className="muted ellipsis">
          <NodeText text={bad.warnings[0].message} titled />
        </span>
      ) : null}
    </li>
  );
}
