/** A process that appends to a session until it is killed, printing each event's number once it was delivered. */
import { openJournal } from "../journal.ts";

const [path = ""] = process.argv.slice(2);
const journal = openJournal(path);
const { signal } = new AbortController();

async function print(): Promise<void> {
  for await (const events of journal.subscribe(0, signal)) {
    for (const event of events) process.stdout.write(`${event.seq}\n`);
  }
}

function write(): void {
  const blob = journal.putBlob("c1", "stdout", new TextEncoder().encode("x".repeat(4096)));
  journal.append([
    { type: "command.output", node: "n1", command_id: "c1", stream: "stdout", blob, bytes: 4096 },
    { type: "connection.phase", node: "n1", phase: "connecting", detail: `step ${blob}` },
  ]);
  setImmediate(write);
}

write();
await print();
