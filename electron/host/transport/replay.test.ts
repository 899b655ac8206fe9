import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { BpfdeskError } from "../../core/errors.ts";
import { type RecordedAnswer, replayTransport } from "./replay.ts";
import type { ExecRequest } from "./types.ts";

const request = (record_key: string, signal?: AbortSignal): ExecRequest => ({
  argv: ["bpftool", "it's"],
  root: true,
  timeout_ms: 1000,
  record_key,
  ...(signal ? { signal } : {}),
});
const bytes = (...parts: string[]) => parts.map((part) => new TextEncoder().encode(part));
const transport = replayTransport({
  host: "node-1",
  user: "ops",
  root: false,
  answer: ({ record_key }): RecordedAnswer | null =>
    record_key === "known" ? { stdout: bytes("o", "ut"), stderr: bytes("err"), exit: { code: 3, signal: null } } : null,
});

describe("a replay", () => {
  it("gives a recorded answer with its streams apart and its exit status", async () => {
    const execution = await transport.exec(request("known"));
    const [stdout, stderr] = await Promise.all([text(execution.stdout), text(execution.stderr)]);
    expect([stdout, stderr, await execution.exited]).toEqual(["out", "err", { code: 3, signal: null }]);
    expect(transport).toMatchObject({ kind: "replay", host: "node-1", user: "ops", privileges: "none" });
  });

  it("refuses what was not recorded, naming it, and never runs or writes anything", async () => {
    const refused = async (promise: Promise<unknown>) => {
      const error = await promise.catch((reason: unknown) => reason);
      return error instanceof BpfdeskError ? [error.data.code, error.data.message] : error;
    };
    expect(await refused(transport.exec(request("prog-xlated:9")))).toEqual([
      "not-recorded",
      "This record of node-1 does not hold the code of program 9.",
    ]);
    expect(await refused(transport.exec(request("other")))).toEqual([
      "not-recorded",
      'This record of node-1 does not hold the answer to "other".',
    ]);
    expect(await refused(transport.upload(new Uint8Array(), "/tmp/x", 0o600))).toEqual([
      "not-recorded",
      'This record of node-1 does not hold the answer to "upload".',
    ]);
    expect(transport.shellLine(request("known"))).toBe("bpftool 'it'\\''s'");
  });

  it("ends its streams and rejects when it is cancelled", async () => {
    const controller = new AbortController();
    const execution = await transport.exec(request("known", controller.signal));
    controller.abort();
    await Promise.all([text(execution.stdout), text(execution.stderr)]);
    await expect(execution.exited).rejects.toMatchObject({ data: { code: "cancelled" } });
  });
});
