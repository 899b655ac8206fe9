import { describe, expect, it } from "vitest";
import type { EventBody, Prompt } from "../../core/journal/events.ts";
import type { Journal } from "../journal/journal.ts";
import { createPrompter } from "./prompts.ts";

const PROMPT: Prompt = { kind: "password", user: "ops", host: "node-7", attempt: 1 };

/** A journal that is full as soon as it is told to be. */
function journal() {
  const events: EventBody[] = [];
  const disk = { full: false };
  const append = (more: readonly EventBody[]) => {
    if (disk.full) throw new Error("the disk is full");
    events.push(...more);
  };
  return { disk, events, prompter: createPrompter({ last_seq: 1, append } as unknown as Journal, "n1") };
}

const opened = (events: EventBody[]) =>
  events.flatMap((one) => (one.type === "connection.prompt" ? [one.prompt_id] : []));
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a question when the record cannot be written any more", () => {
  it("ends with what asked it, and leaves this process alone", async () => {
    const { disk, prompter } = journal();
    const abort = new AbortController();
    const asked = prompter.ask(PROMPT, abort.signal);
    await turn();
    disk.full = true;
    abort.abort();
    await expect(asked).rejects.toMatchObject({ data: { code: "cancelled" } });
  });

  it("ends when it is answered, and says so to both", async () => {
    const { disk, events, prompter } = journal();
    const asked = prompter.ask(PROMPT, new AbortController().signal);
    asked.catch(() => {});
    await turn();
    disk.full = true;
    const [prompt_id = ""] = opened(events);
    expect(() => prompter.answer(prompt_id, { accept: true, values: ["secret"] })).toThrow("the disk is full");
    await expect(asked).rejects.toThrow("the disk is full");
  });

  it("is not asked, and the next one is when there is room again", async () => {
    const { disk, events, prompter } = journal();
    const abort = new AbortController();
    disk.full = true;
    await expect(prompter.ask(PROMPT, abort.signal)).rejects.toThrow("the disk is full");
    disk.full = false;
    abort.abort();
    const asked = prompter.ask(PROMPT, new AbortController().signal);
    await turn();
    const [prompt_id = ""] = opened(events);
    prompter.answer(prompt_id, { accept: true, values: ["secret"] });
    expect(await asked).toEqual({ accept: true, values: ["secret"] });
    expect(events.map(({ type }) => type)).toEqual(["connection.prompt", "connection.prompt_closed"]);
  });
});
