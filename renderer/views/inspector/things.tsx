/** Pages of maps, links, interfaces, pods and findings. */
import type { BpfMap, Finding, Iface, Link, Pod } from "../../../electron/core/model/types.ts";
import { type DatapathIndex, podLabel } from "../../stores/datapath-index.ts";
import { attachedTo, programName } from "../../things/names.ts";
import { ThingLink } from "../../things/thing-link.tsx";
import { bytesText, countText } from "../../ui/format.ts";
import { NodeText } from "../../ui/node-text.tsx";
import { SeverityMark } from "../../ui/severity.tsx";
import { ProgramFact } from "./attachments.tsx";
import { OriginPart } from "./origin.tsx";
import { HoldersPart, OwnerPart } from "./owner.tsx";
import { Fact, Facts, Part } from "./parts.tsx";

export function MapPage({ map, index }: { map: BpfMap; index: DatapathIndex }) {
  return (
    <>
      <Facts>
        <Fact name="Id" value={map.id} />
        <Fact name="Type" value={map.type} />
        <Fact name="Key" value={map.bytes_key === null ? null : `${map.bytes_key} bytes`} />
        <Fact name="Value" value={map.bytes_value === null ? null : `${map.bytes_value} bytes`} />
        <Fact name="Max entries" value={map.max_entries === null ? null : countText(map.max_entries)} />
        <Fact name="Memory" value={map.bytes_memlock === null ? null : bytesText(map.bytes_memlock)} />
        <Fact name="Flags" value={`0x${map.flags.toString(16)}`} mono />
        <Fact name="Frozen" value={map.frozen} />
        <Fact name="BTF id" value={map.btf_id} />
      </Facts>
      <Part title="Used by" count={map.used_by.length}>
        <ul className="links">
          {map.used_by.map((id) => {
            const program = index.programById.get(id);
            return <li key={id}>{program ? <ThingLink index={index} to={program.key} /> : `prog ${id}`}</li>;
          })}
        </ul>
      </Part>
      <Slots map={map} index={index} />
      <OwnerPart owner={map.owner} index={index} />
      <HoldersPart pinned={map.pinned} pids={map.pids} />
      <OriginPart origin={map.origin} />
    </>
  );
}

/** Slots of a prog array; the same slot is told once however many programs use the array. */
function Slots({ map, index }: { map: BpfMap; index: DatapathIndex }) {
  const slots = new Map(
    index.datapath.tail_calls.filter((call) => call.map_id === map.id).map((call) => [call.index, call.to]),
  );
  if (slots.size === 0) return null;
  return (
    <Part title="Slots" count={slots.size}>
      <ul className="links">
        {[...slots].map(([slot, id]) => {
          const program = index.programById.get(id);
          return (
            <li key={slot}>
              <span className="muted">{slot}</span>{" "}
              {program ? <ThingLink index={index} to={program.key} /> : `prog ${id}`}
            </li>
          );
        })}
      </ul>
    </Part>
  );
}

export function LinkPage({ link, index }: { link: Link; index: DatapathIndex }) {
  return (
    <>
      <Facts>
        <Fact name="Id" value={link.id} />
        <Fact name="Type" value={link.type} />
        <ProgramFact id={link.prog_id} index={index} />
        {Object.entries(link.details).map(([name, value]) => (
          <Fact key={name} name={name} value={typeof value === "object" ? JSON.stringify(value) : String(value)} mono />
        ))}
      </Facts>
      <HoldersPart pinned={link.pinned} pids={link.pids} />
      <OriginPart origin={link.origin} />
    </>
  );
}

export function IfacePage({ iface, index }: { iface: Iface; index: DatapathIndex }) {
  const netns = index.datapath.netns.find((it) => it.inode === iface.netns);
  return (
    <>
      <Facts>
        <Fact name="Index" value={iface.ifindex} />
        <Fact name="Kind" value={iface.kind} />
        <Fact name="Namespace" value={iface.host_netns ? "host" : (netns?.name ?? iface.netns)} mono />
        {iface.pod === null ? null : (
          <Fact name={iface.pod_host_end ? "Host end of pod" : "Pod"}>
            <ThingLink index={index} to={iface.pod} />
          </Fact>
        )}
        {iface.peer === null ? null : (
          <Fact name="Peer">
            <ThingLink index={index} to={iface.peer} />
          </Fact>
        )}
        {iface.master === null ? null : (
          <Fact name="Master">
            <ThingLink index={index} to={iface.master} />
          </Fact>
        )}
        <Fact name="State" value={iface.up ? "up" : "down"} />
        <Fact name="Driver" value={iface.driver} />
        <Fact name="MAC" value={iface.mac} mono />
        <Fact name="MTU" value={iface.mtu} />
        {iface.addresses.map((address) => (
          <Fact key={address} name="Address" value={address} mono />
        ))}
      </Facts>
      {iface.hooks.map((hook) => (
        <Part key={hook.hook} title={`${hook.hook}: ${hook.direction}`} count={hook.entries.length}>
          <ol className="links">
            {hook.entries.map((entry) => (
              <li key={entry.key}>
                <span className="muted">#{entry.order}</span>{" "}
                <ThingLink index={index} to={entry.key} text={programName(index, entry.prog_id) || entry.kind} />{" "}
                <span className="muted">{[entry.mechanism, entry.mode].filter(Boolean).join(" ")}</span>
              </li>
            ))}
          </ol>
          {hook.qdisc ? (
            <p className="muted">
              qdisc {hook.qdisc.kind}: {countText(hook.qdisc.drops)} drops, {countText(hook.qdisc.packets)} packets
            </p>
          ) : null}
        </Part>
      ))}
      {iface.counters ? (
        <Part title="Counters" folded>
          <Facts>
            {Object.entries(iface.counters).map(([name, value]) => (
              <Fact key={name} name={name} value={countText(value)} />
            ))}
          </Facts>
        </Part>
      ) : null}
      <OriginPart origin={iface.origin} />
    </>
  );
}

export function PodPage({ pod, index }: { pod: Pod; index: DatapathIndex }) {
  const interfaces = index.datapath.interfaces.filter((iface) => iface.pod === pod.key);
  const cgroups = index.datapath.cgroups.filter((at) => at.pod === pod.key);
  return (
    <>
      <Facts>
        <Fact name="UID" value={pod.uid} mono />
        <Fact name="Name from" value={pod.name_source ?? "unknown: no log directory, no crictl answer"} />
        <Fact name="QoS" value={pod.qos} />
        <Fact name="Host network" value={pod.host_network} />
        <Fact name="Namespace" value={pod.netns} mono />
        <Fact name="Processes" value={pod.pids.join(", ")} />
      </Facts>
      <Part title="Interfaces" count={interfaces.length}>
        <ul className="links">
          {interfaces.map((iface) => (
            <li key={iface.key}>
              <ThingLink index={index} to={iface.key} />{" "}
              <span className="muted">{iface.pod_host_end ? "host end" : "inside the pod"}</span>
            </li>
          ))}
        </ul>
      </Part>
      <Part title="cgroup hooks" count={cgroups.length}>
        <ul className="links">
          {cgroups.map((at) => (
            <li key={at.key}>
              <ThingLink index={index} to={at.key} text={`${at.attach_type}: ${programName(index, at.prog_id)}`} />
            </li>
          ))}
        </ul>
      </Part>
      <Part title="Containers" count={pod.containers.length}>
        {pod.containers.map((container) => (
          <Facts key={container.id}>
            <Fact name="Name" value={container.name} />
            <Fact name="Image" value={container.image} mono />
            <Fact name="Runtime" value={container.runtime} />
            <Fact name="Id" value={container.id} mono />
          </Facts>
        ))}
      </Part>
    </>
  );
}

export function FindingPage({ finding, index }: { finding: Finding; index: DatapathIndex }) {
  const about = index.things.get(finding.subject);
  const pod = about?.kind === "interface" && about.value.pod !== null ? index.things.get(about.value.pod) : undefined;
  return (
    <>
      <p>
        <SeverityMark severity={finding.severity} /> <span className="muted">{finding.id}</span>
      </p>
      <p>
        <NodeText text={finding.meaning} />
      </p>
      <Part title="Evidence" count={finding.evidence.length}>
        <ul className="evidence">
          {finding.evidence.map((fact) => (
            <li key={fact}>
              <NodeText text={fact} />
            </li>
          ))}
        </ul>
      </Part>
      <Part title="Concerns">
        <ul className="links">
          {[finding.subject, ...finding.related].map((key) => (
            <li key={key}>
              <ThingLink index={index} to={key} text={attachedTo(index, [key])[0] ?? key} />
            </li>
          ))}
          {pod?.kind === "pod" ? (
            <li>
              Pod <ThingLink index={index} to={pod.key} text={podLabel(pod.value)} />
            </li>
          ) : null}
        </ul>
      </Part>
    </>
  );
}
