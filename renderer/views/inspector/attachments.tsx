/** Pages of attachments: an entry of an interface hook, a cgroup hook, and all others. */
import type { CgroupAttachment, HookEntry, OtherAttachment } from "../../../electron/core/model/types.ts";
import type { DatapathIndex, Thing } from "../../stores/datapath-index.ts";
import { programName } from "../../things/names.ts";
import { ThingLink } from "../../things/thing-link.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { OriginPart } from "./origin.tsx";
import { Fact, Facts, Part } from "./parts.tsx";

export function EntryPage({ thing, index }: { thing: Extract<Thing, { kind: "entry" }>; index: DatapathIndex }) {
  const { value: entry, iface, hook } = thing;
  return (
    <>
      <Facts>
        <Fact name="Interface">
          <ThingLink index={index} to={iface.key} />
        </Fact>
        <Fact name="Hook" value={`${hook.hook}: ${hook.direction}`} />
        <Fact name="Order" value={`${entry.order} of ${hook.entries.length}`} />
        <ProgramFact id={entry.prog_id} index={index} />
        <LinkFact id={entry.link_id} index={index} />
        <Fact name="Mechanism" value={entry.mechanism} />
        <Fact name="XDP mode" value={entry.mode} />
        <Fact name="Kind" value={entry.kind === "bpf" ? null : `${entry.kind} (not BPF)`} />
        <Fact name="Attachment name" value={entry.attach_name} mono />
        <Fact name="pref" value={entry.pref} />
        <Fact name="handle" value={entry.handle} mono />
        <Fact name="chain" value={entry.chain} />
        <Fact name="block" value={entry.block} />
        <Fact name="protocol" value={entry.protocol} />
        <Fact name="direct-action" value={entry.direct_action} />
      </Facts>
      <Part title="Can it run?">
        <p>
          <strong>{{ yes: "Yes. ", no: "No. ", cannot_tell: "Cannot tell. " }[entry.reachable.value]}</strong>
          <NodeText text={entry.reachable.reason} />
        </p>
      </Part>
      <VerdictTable entry={entry} index={index} />
      <OriginPart origin={entry.origin} />
    </>
  );
}

function VerdictTable({ entry, index }: { entry: HookEntry; index: DatapathIndex }) {
  if (entry.verdicts.length === 0) return null;
  return (
    <Part title="What each verdict does next">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Verdict</th>
            <th scope="col">Value</th>
            <th scope="col">Then</th>
          </tr>
        </thead>
        <tbody>
          {entry.verdicts.map((step) => (
            <tr key={`${step.verdict}:${step.value}`}>
              <td className={`mono effect-${step.effect}`}>{step.verdict}</td>
              <td className="end">{step.value}</td>
              <td>
                <NodeText text={step.text} />
                {step.next === null ? null : (
                  <>
                    {" → "}
                    <ThingLink index={index} to={step.next} text={nextName(index, step.next)} />
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  );
}

function nextName(index: DatapathIndex, key: string): string {
  const next = index.things.get(key);
  return next?.kind === "entry"
    ? `#${next.value.order} ${programName(index, next.value.prog_id) || next.value.kind}`
    : key;
}

export function CgroupPage({ at, index }: { at: CgroupAttachment; index: DatapathIndex }) {
  return (
    <>
      <Facts>
        <Fact name="cgroup" value={at.cgroup} mono />
        <Fact name="Attach type" value={at.attach_type} />
        <Fact name="Flags" value={at.attach_flags || "exclusive"} />
        <Fact name="Order" value={at.order} />
        <ProgramFact id={at.prog_id} index={index} />
        <LinkFact id={at.link_id} index={index} />
        {at.pod === null ? null : (
          <Fact name="Pod">
            <ThingLink index={index} to={at.pod} />
          </Fact>
        )}
      </Facts>
      <OriginPart origin={at.origin} />
    </>
  );
}

export function OtherPage({ at, index }: { at: OtherAttachment; index: DatapathIndex }) {
  return (
    <>
      <Facts>
        <Fact name="Lane" value={at.lane} />
        <Fact name="Kind" value={at.kind} />
        <Fact name="Target" value={at.target || "the kernel does not say"} mono />
        <ProgramFact id={at.prog_id} index={index} />
        <LinkFact id={at.link_id} index={index} />
        <Fact name="Namespace" value={at.netns} mono />
      </Facts>
      <OriginPart origin={at.origin} />
    </>
  );
}

export function ProgramFact({ id, index }: { id: number | null; index: DatapathIndex }) {
  const program = id === null ? undefined : index.programById.get(id);
  if (program) {
    return (
      <Fact name="Program">
        <ThingLink index={index} to={program.key} /> <span className="muted">id {program.id}</span>
      </Fact>
    );
  }
  return <Fact name="Program" value={id === null ? null : `id ${id} (not listed any more)`} />;
}

function LinkFact({ id, index }: { id: number | null; index: DatapathIndex }) {
  const link = id === null ? undefined : index.linkById.get(id);
  return link ? (
    <Fact name="Link">
      <ThingLink index={index} to={link.key} />
    </Fact>
  ) : (
    <Fact name="Link" value={id === null || id === 0 ? "attached without a link" : `link ${id}`} />
  );
}
