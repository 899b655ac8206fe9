/** A measurement that is interrupted, with a real journal and a tracer that takes its time to end. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { TracerManifest } from "../../core/trace/manifest.ts";
import { type Journal, openJournal } from "../journal/journal.ts";
import type { LiveNode } from "../session/live-node.ts";
import { measureStep } from "./measure.ts";
import { Interrupted } from "./news.ts";

let journal: Journal;
beforeEach(() => {
  journal = openJournal(":memory:");
});
afterEach(() => journal.close());

it.each([[[]], [["counters.softnet"]]])(
  "is over when its tracers have ended, with the sections %o",
  async (sections) => {
    const stop = new AbortController();
    const asked: string[] = [];
    let reads = 0;
    const live = {
      transport: { host: "root@node-1:22" },
      tracing: { start: () => ({ trace_id: "t" }), stop: (id: string) => void asked.push(id) },
      readSections: async () => `c${reads++}`,
    } as unknown as LiveNode;
    const manifests = [{ name: "fake", params: [] } as unknown as TracerManifest];
    const parts = { journal, node: "n1", run_id: "r", live, manifests, signal: stop.signal };
    let over = false;
    const measured = measureStep({ ...parts, tell: (...events) => void journal.append(events) }, "watch", {
      for_s: 60,
      traces: [{ id: "one", tracer: "fake", params: {} }],
      sections,
    }).finally(() => {
      over = true;
    });
    const failed = measured.catch((error: unknown) => error);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    stop.abort();
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect([asked, over]).toEqual([["t"], false]);
    journal.append([{ type: "trace.ended", node: "n1", trace_id: "t", summary: null, rows: {}, error: null }]);
    expect(await failed).toBeInstanceOf(Interrupted);
  },
);
