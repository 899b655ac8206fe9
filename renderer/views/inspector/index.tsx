/** Everything known about the selected thing. Which page is shown is decided by its kind. */
import { MousePointerClick, ScanSearch } from "lucide-react";
import { useEffect, useRef } from "react";
import { type DatapathIndex, findingKey, indexOf, type Thing } from "../../stores/datapath-index.ts";
import { reveal, useSelected } from "../../stores/selection.ts";
import { useDatapath, usePreviousDatapath } from "../../stores/use-node.ts";
import { KIND_NAMES, thingTitle } from "../../things/names.ts";
import { ThingLink } from "../../things/thing-link.tsx";
import { IconButton } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { EmptyState } from "../../ui/message.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { SeverityMark } from "../../ui/severity.tsx";
import { defineView } from "../define.ts";
import { CgroupPage, EntryPage, OtherPage } from "./attachments.tsx";
import { ProgramPage } from "./program.tsx";
import { FindingPage, IfacePage, LinkPage, MapPage, PodPage } from "./things.tsx";
import { TraceHere } from "./trace-here.tsx";

function Inspector() {
  const selected = useSelected();
  const datapath = useDatapath();
  const previous = usePreviousDatapath();
  if (selected === null || !datapath) {
    return (
      <EmptyState icon={MousePointerClick} title="Nothing is selected">
        Select a program, an interface, a map, a pod or a finding.
      </EmptyState>
    );
  }
  const now = indexOf(datapath);
  const thing = now.things.get(selected);
  if (thing) return <Page thing={thing} index={now} gone={false} />;
  const before = previous ? indexOf(previous) : null;
  const last = before?.things.get(selected);
  if (before && last) return <Page thing={last} index={before} gone />;
  return (
    <EmptyState icon={ScanSearch} title="Not in this picture">
      What was selected (<NodeText text={selected} mono />) was not seen by the last collection.
    </EmptyState>
  );
}

function Page({ thing, index, gone }: { thing: Thing; index: DatapathIndex; gone: boolean }) {
  const title = thingTitle(index, thing);
  const article = useRef<HTMLElement>(null);
  // Another thing is read from its top; `key` only says that it is another one.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is what makes it another page
  useEffect(() => {
    article.current?.parentElement?.scrollTo(0, 0);
  }, [thing.key]);
  return (
    <article ref={article} className="inspector" aria-label={`Details of the ${KIND_NAMES[thing.kind].toLowerCase()}`}>
      <header>
        <p className="muted">
          {KIND_NAMES[thing.kind]}{" "}
          {gone ? <strong className="mark mark-text-gone">gone since the last refresh</strong> : null}
        </p>
        <div className="with-copy">
          <h2 className="inspector-title">
            <NodeText text={title} mono={thing.kind !== "pod" && thing.kind !== "finding"} />
          </h2>
          <CopyButton text={title} what="name" />
          <IconButton icon={ScanSearch} label="Show it in the views" onPress={() => reveal(thing.key)} />
        </div>
      </header>
      {gone ? null : <TraceHere thing={thing} index={index} />}
      {gone ? null : <FindingsOf thing={thing} index={index} />}
      <Body thing={thing} index={index} gone={gone} />
    </article>
  );
}

function FindingsOf({ thing, index }: { thing: Thing; index: DatapathIndex }) {
  const findings = thing.kind === "finding" ? [] : (index.findingsOf.get(thing.key) ?? []);
  if (findings.length === 0) return null;
  return (
    <ul className="links" aria-label="Findings about it">
      {findings.map((finding) => (
        <li key={findingKey(finding)}>
          <SeverityMark severity={finding.severity} />{" "}
          <ThingLink index={index} to={findingKey(finding)} text={finding.id} />
        </li>
      ))}
    </ul>
  );
}

function Body({ thing, index, gone }: { thing: Thing; index: DatapathIndex; gone: boolean }) {
  switch (thing.kind) {
    case "program":
      return <ProgramPage program={thing.value} index={index} gone={gone} />;
    case "map":
      return <MapPage map={thing.value} index={index} />;
    case "link":
      return <LinkPage link={thing.value} index={index} />;
    case "interface":
      return <IfacePage iface={thing.value} index={index} />;
    case "entry":
      return <EntryPage thing={thing} index={index} />;
    case "cgroup":
      return <CgroupPage at={thing.value} index={index} />;
    case "tracing":
      return <OtherPage at={thing.value} index={index} />;
    case "pod":
      return <PodPage pod={thing.value} index={index} />;
    case "finding":
      return <FindingPage finding={thing.value} index={index} />;
  }
}

export default defineView({
  id: "inspector",
  title: "Inspector",
  icon: ScanSearch,
  order: 10,
  scope: "node",
  place: "right",
  Component: Inspector,
});
