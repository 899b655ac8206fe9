import { afterEach, describe, expect, it } from "vitest";
import { openJournal } from "../journal/journal.ts";
import { connectLocal } from "../transport/local.ts";
import { recordEarly } from "./early-commands.ts";
import { createRecorder } from "./recorder.ts";

const journal = openJournal(":memory:");
afterEach(() => journal.close());

describe.runIf(process.platform === "linux")("the search for root", () => {
  it("is in the record with its exact text, its output and its end", async () => {
    const transport = await connectLocal({
      sudo: false,
      onPhase: () => {},
      ask: () => Promise.reject(new Error("nothing is to be asked")),
      signal: new AbortController().signal,
      onCommand: recordEarly(createRecorder(journal, "n1")),
    });
    await transport.close();
    const events = journal.read(0, 100);
    expect(events.map(({ type }) => type)).toEqual(["command.started", "command.output", "command.ended"]);
    const [started, , ended] = events;
    expect(started).toMatchObject({ record_key: "privileges", host: "local", root: false });
    expect(started).toHaveProperty("text", expect.stringContaining("id -u"));
    expect(ended).toMatchObject({ exit: 0, error: null });
    const output = [...journal.blobs((started as { command_id: string }).command_id)]
      .map(({ bytes }) => Buffer.from(bytes).toString())
      .join("");
    expect(output).toContain(transport.user);
  });
});
