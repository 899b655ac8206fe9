import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Snapshot } from "../../core/collect/snapshot.ts";
import { BpfdeskError } from "../../core/errors.ts";
import { readSnapshot, writeSnapshot } from "./file.ts";

const snapshot: Snapshot = {
  format: "bpfdesk-snapshot",
  version: 1,
  app_version: "0.1.0",
  title: "node-1",
  description: "",
  node: { host: "node-1", user: "root", root: true },
  recorded_at: 1_700_000_000_000,
  collected: {
    sections: [
      {
        section: "node.kernel",
        scope: "node",
        exit: 0,
        ms: 3,
        truncated: false,
        stdout: "hostname=é\u0000\n",
        stderr: "",
      },
      {
        section: "tc.qdisc",
        scope: "netns:4026532000",
        exit: null,
        ms: null,
        truncated: true,
        stdout: "[{",
        stderr: "x",
      },
    ],
    complete: false,
    noise: "banner",
  },
  follow_up: null,
};

const failure = async (bytes: Uint8Array, limits?: { max_bytes: number }) => {
  try {
    await readSnapshot(bytes, "x.bpfdesk-snapshot", limits);
  } catch (error) {
    if (error instanceof BpfdeskError) return error.data;
    throw error;
  }
  throw new Error("it was read");
};
const packed = (value: unknown) => gzipSync(JSON.stringify(value));

it("reads back exactly what was written", async () => {
  expect(await readSnapshot(await writeSnapshot(snapshot), "x")).toEqual(snapshot);
});

describe("refuses, saying why,", () => {
  it("a file that is cut off anywhere", async () => {
    const bytes = await writeSnapshot(snapshot);
    for (const length of [20, 60, bytes.length - 1]) {
      expect(await failure(bytes.subarray(0, length))).toMatchObject({ code: "snapshot-truncated" });
    }
  });

  it("a file with a changed byte", async () => {
    const bytes = Uint8Array.from(await writeSnapshot(snapshot));
    bytes[bytes.length - 6] = (bytes[bytes.length - 6] ?? 0) ^ 0xff;
    expect(await failure(bytes)).toMatchObject({ code: "snapshot-damaged" });
  });

  it("anything that is not a snapshot", async () => {
    for (const bytes of [
      new Uint8Array(),
      Buffer.from("hello"),
      gzipSync("hello"),
      packed([]),
      packed({ format: "x" }),
    ]) {
      expect(await failure(bytes)).toMatchObject({ code: "not-a-snapshot" });
    }
  });

  it("one of a newer bpfdesk", async () => {
    expect(await failure(packed({ ...snapshot, version: 7 }))).toMatchObject({
      code: "snapshot-newer",
      message: expect.stringContaining("format 7"),
    });
  });

  it("one with a wrong field, naming its place", async () => {
    const wrong = JSON.parse(gunzipSync(await writeSnapshot(snapshot)).toString());
    wrong.collected.sections[1].exit = "0";
    expect(await failure(packed(wrong))).toMatchObject({
      code: "snapshot-damaged",
      message: expect.stringContaining("collected.sections.1.exit"),
    });
    wrong.collected.sections[1].exit = 0;
    wrong.collected.sections[1].scope = "netns:../etc";
    expect(await failure(packed(wrong))).toMatchObject({
      message: expect.stringContaining("collected.sections.1.scope"),
    });
  });

  it("one that unpacks to more than the limit", async () => {
    const bomb = gzipSync(Buffer.alloc(2_000_000));
    expect(await failure(bomb, { max_bytes: 1_000_000 })).toMatchObject({ code: "snapshot-too-large" });
  });
});
