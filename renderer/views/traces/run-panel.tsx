/** One run: what it is and how it stands, its figures, what it has to say, and its records. */
import { useEffect, useMemo, useState } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { useStore } from "zustand";
import type { TraceState } from "../../../electron/core/journal/state.ts";
import { sessionStore } from "../../stores/session.ts";
import { type RecordInfo, recordsOf } from "../../stores/traces/fields.ts";
import { isRunning } from "../../stores/traces/run-state.ts";
import { useRecordsRequest } from "../../stores/traces/runs.ts";
import { useManifest } from "../../stores/traces/tracers.ts";
import { countText } from "../../ui/format.ts";
import { ErrorBlock, Loading } from "../../ui/message.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { Figures } from "./figures.tsx";
import { RecordTable } from "./record-table.tsx";
import { Remarks } from "./remarks.tsx";
import { RunHeader } from "./run-header.tsx";

export function RunPanel({ trace }: { trace: TraceState }) {
  const manifest = useManifest(trace.tracer);
  const { schema } = trace;
  const records = useMemo(() => (schema ? recordsOf(schema, manifest) : []), [schema, manifest]);
  return (
    <section className="run" aria-label="Run of a tracer">
      <RunHeader trace={trace} manifest={manifest} />
      {trace.error ? <ErrorBlock error={trace.error} /> : null}
      {schema ? (
        <>
          <Figures trace={trace} />
          <Remarks trace={trace} manifest={manifest} />
          <Records trace={trace} records={records} />
        </>
      ) : isRunning(trace) ? (
        <Starting trace={trace} />
      ) : null}
    </section>
  );
}

function Starting({ trace }: { trace: TraceState }) {
  const recorded = useStore(sessionStore, ({ nodes }) => nodes[trace.node]?.transport === "replay");
  return (
    <Loading
      what={
        recorded
          ? "Reading the recorded run…"
          : "Putting the tracer on the node, loading its programs and attaching them…"
      }
    />
  );
}

function Records({ trace, records }: { trace: TraceState; records: readonly RecordInfo[] }) {
  const request = useRecordsRequest(trace.trace_id);
  const [tab, setTab] = useState<string | null>(null);
  useEffect(() => {
    if (request) setTab(request.record);
  }, [request]);
  const shown = records.find(({ name }) => name === tab) ?? records[0];
  return (
    <Tabs className="tabs run-records" selectedKey={shown?.name ?? ""} onSelectionChange={(key) => setTab(String(key))}>
      <TabList aria-label="Records" className="tab-list">
        {records.map((record) => (
          <Tab key={record.name} id={record.name} className="tab">
            <NodeText text={record.title} />{" "}
            {/* Of totals it is not known here how many there are, only how often they were told. */}
            {record.kind === "event" ? (
              <span className="tab-count">{countText(trace.rows[record.name] ?? 0)}</span>
            ) : null}
          </Tab>
        ))}
      </TabList>
      {records.map((record) => (
        <TabPanel key={record.name} id={record.name} className="tab-panel">
          {/* Rows that were asked for are a table of their own: with its filter, from its first row. */}
          <RecordTable
            key={request?.record === record.name ? request.nonce : 0}
            trace={trace}
            record={record}
            filtered={request?.record === record.name ? request.filter : ""}
          />
        </TabPanel>
      ))}
    </Tabs>
  );
}
