/** Everything known about one program. */
import { Code2 } from "lucide-react";
import type { Program, TailCall } from "../../../electron/core/model/types.ts";
import type { DatapathIndex } from "../../stores/datapath-index.ts";
import { disassemble } from "../../stores/disassembly.ts";
import { currentNode } from "../../stores/session.ts";
import { showView } from "../../stores/view-request.ts";
import { attachedTo, programName } from "../../things/names.ts";
import { ThingLink } from "../../things/thing-link.tsx";
import { Button } from "../../ui/button.tsx";
import { bytesText, countText, timeText } from "../../ui/format.ts";
import { OriginPart } from "./origin.tsx";
import { HoldersPart, OwnerPart } from "./owner.tsx";
import { Fact, Facts, Part } from "./parts.tsx";

export function ProgramPage({ program, index, gone }: { program: Program; index: DatapathIndex; gone: boolean }) {
  const attached = attachedTo(index, program.attached);
  const into = index.tailCallsTo.get(program.id) ?? [];
  const outOf = index.tailCallsFrom.get(program.id) ?? [];
  const loose = index.datapath.loose.find((it) => it.what === program.key);
  const open = () => {
    const node = currentNode();
    if (!node) return;
    showView("disassembly");
    void disassemble(node.node, program.id, programName(index, program.id));
  };
  return (
    <>
      <div className="actions">
        <Button icon={Code2} isDisabled={gone} onPress={open}>
          Disassemble
        </Button>
      </div>
      {loose ? <p className="strong-note">{loose.text}</p> : null}
      <Facts>
        <Fact name="Id" value={program.id} />
        <Fact name="Type" value={program.type} />
        <Fact name="Tag" value={program.tag} mono />
        <Fact name="Name" value={program.name_cut ? `${program.name} (may be cut at 15 characters)` : null} />
        <Fact name="Loaded" value={program.loaded_at === null ? null : timeText(program.loaded_at * 1000)} />
        <Fact name="Loaded by uid" value={program.uid} />
        <Fact name="Runs" value={program.run_cnt === null ? null : countText(program.run_cnt)} />
        <Fact name="Time in it" value={program.run_time_ns === null ? null : `${countText(program.run_time_ns)} ns`} />
        {program.run_cnt === null ? <Fact name="Runs">not counted: kernel.bpf_stats_enabled is off</Fact> : null}
        <Fact name="Translated" value={program.bytes_xlated === null ? null : bytesText(program.bytes_xlated)} />
        <Fact
          name="Machine code"
          value={
            program.jited === false
              ? "not compiled"
              : program.bytes_jited === null
                ? null
                : bytesText(program.bytes_jited)
          }
        />
        <Fact name="Memory" value={program.bytes_memlock === null ? null : bytesText(program.bytes_memlock)} />
        <Fact name="GPL" value={program.gpl_compatible} />
        <Fact name="BTF id" value={program.btf_id} />
        <Fact name="Can return" value={returnsText(program)} />
      </Facts>
      <Part title="Attached to" count={attached.length}>
        {attached.length === 0 ? (
          <p className="muted">{into.length > 0 ? "Nowhere itself: it is reached by tail calls." : "Nowhere."}</p>
        ) : (
          <ul className="links">
            {program.attached.map((key, at) => (
              <li key={key}>
                <ThingLink index={index} to={key} text={attached[at] ?? key} />
              </li>
            ))}
          </ul>
        )}
      </Part>
      <TailCalls title="Tail calls into it" calls={into} index={index} end="from" />
      <TailCalls title="Tail calls out of it" calls={outOf} index={index} end="to" />
      <Part title="Maps" count={program.map_ids.length}>
        <ul className="links">
          {program.map_ids.map((id) => {
            const map = index.mapById.get(id);
            return (
              <li key={id}>
                {map ? <ThingLink index={index} to={map.key} /> : `map ${id}`}{" "}
                <span className="muted">{map?.type}</span>
              </li>
            );
          })}
        </ul>
      </Part>
      <OwnerPart owner={program.owner} index={index} />
      <HoldersPart pinned={program.pinned} pids={program.pids} />
      <OriginPart origin={program.origin} />
    </>
  );
}

/** A prog array may hold hundreds of slots: they are listed, the page scrolls. */
function TailCalls(props: { title: string; calls: readonly TailCall[]; index: DatapathIndex; end: "from" | "to" }) {
  if (props.calls.length === 0) return null;
  return (
    <Part title={props.title} count={props.calls.length}>
      <ul className="links">
        {props.calls.map((call) => {
          const id = call[props.end];
          const program = props.index.programById.get(id);
          return (
            <li key={`${call.map_id}:${call.index}:${id}`}>
              {program ? <ThingLink index={props.index} to={program.key} /> : `prog ${id}`}{" "}
              <span className="muted">
                map {call.map_id} slot {call.index}
              </span>
            </li>
          );
        })}
      </ul>
    </Part>
  );
}

function returnsText(program: Program): string | null {
  if (!program.returns) return null;
  const { values, complete } = program.returns;
  return complete ? values.join(", ") : [...values, "other values"].join(", ");
}
