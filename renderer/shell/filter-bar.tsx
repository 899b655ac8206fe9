/** The filter all views share, always visible so that nobody forgets that something is hidden. */
import { FilterX } from "lucide-react";
import { useMemo } from "react";
import { Input, Label, SearchField } from "react-aria-components";
import type { Datapath } from "../../electron/core/model/types.ts";
import { visibleText } from "../../electron/core/text/visible.ts";
import { findingKey, podLabel } from "../stores/datapath-index.ts";
import { clearFilter, setFilter, useFilter } from "../stores/filter.ts";
import { isEmptyFilter } from "../stores/filter-match.ts";
import type { FilterState } from "../stores/filter-state.ts";
import { useDatapath } from "../stores/use-node.ts";
import { Button } from "../ui/button.tsx";
import { Choice } from "../ui/choice.tsx";
import { HOOK_NAMES } from "../ui/hooks.ts";

export function FilterBar() {
  const datapath = useDatapath();
  const filter = useFilter();
  const choices = useMemo(() => (datapath ? choicesOf(datapath) : null), [datapath]);
  return (
    <search className="filter-bar" aria-label="Filter">
      <SearchField
        className="filter-text"
        data-filter-text
        value={filter.text}
        onChange={(text) => setFilter({ text })}
      >
        <Label className="visually-hidden">Filter by text</Label>
        <Input className="input" placeholder="Filter: name, id, tag, pod, address…" spellCheck={false} />
      </SearchField>
      {choices ? (
        <>
          <Choice label="Pod" value={filter.pod} options={choices.pods} onChange={(pod) => setFilter({ pod })} />
          <Choice
            label="Owner"
            value={filter.owner}
            options={choices.owners}
            onChange={(owner) => setFilter({ owner })}
          />
          <Choice
            label="Hook"
            value={filter.hook}
            options={choices.hooks}
            onChange={(hook) => setFilter({ hook: hook as FilterState["hook"] })}
          />
          <Choice
            label="Finding"
            value={filter.finding}
            options={choices.findings}
            onChange={(finding) => setFilter({ finding })}
          />
        </>
      ) : null}
      {isEmptyFilter(filter) ? null : (
        <Button icon={FilterX} onPress={clearFilter}>
          Show everything
        </Button>
      )}
    </search>
  );
}

function choicesOf(datapath: Datapath) {
  const families = new Set(datapath.programs.map((program) => program.owner?.family ?? "unknown"));
  const hooks = new Set<string>(datapath.interfaces.flatMap((iface) => iface.hooks.map((hook) => hook.hook)));
  if (datapath.cgroups.length > 0) hooks.add("cgroup");
  if (datapath.tracing.length > 0) hooks.add("tracing");
  return {
    pods: datapath.pods
      .map((pod) => ({ id: pod.key, text: visibleText(podLabel(pod)) }))
      .sort((a, b) => a.text.localeCompare(b.text)),
    owners: [...families].sort().map((family) => ({ id: family, text: visibleText(family) })),
    hooks: Object.entries(HOOK_NAMES)
      .filter(([id]) => hooks.has(id))
      .map(([id, text]) => ({ id, text })),
    findings: datapath.findings.map((finding) => ({
      id: findingKey(finding),
      text: visibleText(`${finding.id}: ${finding.subject_name}`),
    })),
  };
}
