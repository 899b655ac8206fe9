/** Every command that was run in this session, with its text, a line to paste, and its output. */
import { Download, Terminal } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useStore } from "zustand";
import type { CommandRecord } from "../../../electron/core/journal/state.ts";
import { saveFile } from "../../host/intents.ts";
import { shownCommandStore } from "../../stores/commands.ts";
import { sessionStore } from "../../stores/session.ts";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { bytesText, durationText, timeText } from "../../ui/format.ts";
import { EmptyState, ErrorBlock, Loading } from "../../ui/message.tsx";
import { NodeText } from "../../ui/node-text.tsx";
import { userAtHost } from "../../ui/privileges.ts";
import { SHOWN_BYTES, useOutput, wholeOutput } from "./use-output.ts";

const OutputView = lazy(() => import("../../terminal/output-view.tsx"));

const ms = (row: CommandRecord) => (row.ended_at === null ? null : row.ended_at - row.started_at);

const columns: Column<CommandRecord>[] = [
  {
    id: "started_at",
    title: "Started",
    width: 150,
    value: (row) => row.started_at,
    render: (row) => timeText(row.started_at),
  },
  { id: "purpose", title: "Purpose", width: 160, value: (row) => row.purpose },
  {
    id: "shell_line",
    title: "Command",
    width: 300,
    grow: true,
    mono: true,
    value: (row) => row.shell_line.split("\n", 1)[0] ?? "",
  },
  { id: "host", title: "Host", width: 120, value: (row) => row.host },
  { id: "user", title: "User", width: 70, value: (row) => row.user },
  { id: "root", title: "Root", width: 48, value: (row) => row.root },
  {
    id: "exit",
    title: "Exit",
    width: 70,
    align: "end",
    value: (row) => row.exit ?? row.signal ?? (row.ended_at === null ? "running" : (row.error?.code ?? null)),
  },
  { id: "ms", title: "Time", width: 72, align: "end", value: ms, render: (row) => durationText(ms(row)) },
  {
    id: "stdout_bytes",
    title: "Output",
    width: 80,
    align: "end",
    value: (row) => row.stdout_bytes,
    render: (row) => bytesText(row.stdout_bytes),
  },
];

export function CommandLog() {
  const commands = useStore(sessionStore, (state) => state.commands);
  const selected = useStore(shownCommandStore, (state) => state.command_id);
  const shown = commands.find((command) => command.command_id === selected);
  return (
    <div className="split">
      <div className="split-main">
        <DataTable
          id="command-log"
          label="Commands run"
          rows={commands}
          columns={columns}
          keyOf={(row) => row.command_id}
          selected={selected}
          onSelect={(row) => shownCommandStore.setState({ command_id: row.command_id })}
          empty={
            <EmptyState icon={Terminal} title="No command was run">
              A recording runs nothing.
            </EmptyState>
          }
        />
      </div>
      {shown ? <CommandDetails key={shown.command_id} command={shown} /> : null}
    </div>
  );
}

function CommandDetails({ command }: { command: CommandRecord }) {
  return (
    <aside className="split-side" aria-label="Command">
      <h3>
        <NodeText text={command.purpose} />
      </h3>
      <p className="muted">
        <NodeText text={userAtHost(command)} /> {command.root ? "as root" : "not as root"},{" "}
        {timeText(command.started_at)}, <CopyButton text={command.shell_line} what="shell line" />
      </p>
      {command.error ? <ErrorBlock error={command.error} /> : null}
      <details className="part">
        <summary>Exact text</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard */}
        <pre className="code" tabIndex={0}>
          <NodeText text={command.text} lines />
        </pre>
      </details>
      <Output command={command} />
    </aside>
  );
}

function Output({ command }: { command: CommandRecord }) {
  const [stream, setStream] = useState<"stdout" | "stderr">("stdout");
  const output = useOutput(command.command_id, stream, command.ended_at);
  const bytes = stream === "stdout" ? command.stdout_bytes : command.stderr_bytes;
  const save = async () => saveFile(`${command.command_id}.${stream}`, await wholeOutput(command.command_id, stream));
  return (
    <section aria-label="Output" className="output">
      <div className="table-bar">
        <Button variant={stream === "stdout" ? "primary" : "plain"} onPress={() => setStream("stdout")}>
          stdout {bytesText(command.stdout_bytes)}
        </Button>
        <Button variant={stream === "stderr" ? "primary" : "plain"} onPress={() => setStream("stderr")}>
          stderr {bytesText(command.stderr_bytes)}
        </Button>
        <span className="grow" />
        <Button icon={Download} isDisabled={bytes === 0} onPress={() => void save()}>
          Save
        </Button>
      </div>
      {output.state === "failed" ? <ErrorBlock error={output.error} /> : null}
      {output.state === "loading" ? <Loading what="Reading the output…" /> : null}
      {output.state === "ready" ? (
        <>
          {output.cut ? <p className="strong-note">Only the first {bytesText(SHOWN_BYTES)} are shown.</p> : null}
          {output.text === "" ? <p className="muted">Empty.</p> : null}
          {output.text === "" ? null : (
            <Suspense fallback={<Loading what="Opening the output…" />}>
              <OutputView text={output.text} label={`${stream} of ${command.purpose}`} />
            </Suspense>
          )}
        </>
      ) : null}
    </section>
  );
}
