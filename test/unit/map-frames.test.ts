import { deflateSync, inflateSync, crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32 } from "../../electron/core/trace/crc32.ts";
import { type MapEntries, MapFramesError, MapFramesReader } from "../../electron/core/trace/map-frames.ts";

const KEY_SIZE = 4;
const STRIDE = 8;
const MAP = { record: "map", id: 7, name: "ipcache" };
const SUMMARY = {
  ...{ record: "summary", time_us: 2, duration_ms: 1, ended: "done", events: 0, lost: 0, evicted: 0, thinned: 0 },
  ...{ cost: null, entries: 3, complete: true },
};

const line = (value: unknown) => Buffer.from(`${JSON.stringify(value)}\n`);

function frame(kind: number, content: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(content.length);
  header[4] = kind;
  return Buffer.concat([header, content]);
}

/** A piece of so many entries: key n is n in every byte, its value 0x80 + n. */
function piece(numbers: readonly number[]): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32LE(numbers.length);
  const keys = numbers.map((n) => Buffer.alloc(KEY_SIZE, n));
  return Buffer.concat([count, ...keys, ...numbers.map((n) => Buffer.alloc(STRIDE, 0x80 + n))]);
}

function endOf(pieces: readonly Buffer[]): Buffer {
  const all = Buffer.concat(pieces);
  const end = Buffer.alloc(20);
  end.writeBigUInt64LE(BigInt(pieces.reduce((sum, one) => sum + one.readUInt32LE(), 0)));
  end.writeBigUInt64LE(BigInt(all.length), 8);
  end.writeUInt32LE(zlibCrc32(all), 16);
  return end;
}

const PIECES = [piece([1, 2]), piece([3])];
const BEGIN = [line(MAP), line({ record: "frames", version: 1, key_size: KEY_SIZE, value_stride: STRIDE })];

function stream(deflated = false, summary: unknown = SUMMARY): Buffer {
  const entries = PIECES.map((one) => (deflated ? frame(3, deflateSync(one)) : frame(2, one)));
  return Buffer.concat([...BEGIN, ...entries, frame(4, endOf(PIECES)), frame(1, line(summary))]);
}

function read(pieces: readonly Uint8Array[]) {
  const entries: [string, string][] = [];
  const lines: unknown[] = [];
  const reader = new MapFramesReader({
    inflate: (bytes, limit) => inflateSync(bytes, { maxOutputLength: limit }),
    entries: (batch: MapEntries) => {
      for (let i = 0; i < batch.count; i++) {
        const part = (bytes: Uint8Array, size: number) =>
          Buffer.from(bytes.subarray(i * size, (i + 1) * size)).toString("hex");
        entries.push([part(batch.keys, KEY_SIZE), part(batch.values, STRIDE)]);
      }
    },
    line: (one) => lines.push(one),
  });
  for (const one of pieces) reader.push(one);
  return { ...reader.finish(), all: entries, lines };
}

const ALL = [1, 2, 3].map((n) => [
  Buffer.alloc(KEY_SIZE, n).toString("hex"),
  Buffer.alloc(STRIDE, 0x80 + n).toString("hex"),
]);

function failure(pieces: readonly Uint8Array[]): MapFramesError {
  try {
    read(pieces);
  } catch (error) {
    if (error instanceof MapFramesError) return error;
    throw error;
  }
  throw new Error("It was read.");
}

describe("MapFramesReader", () => {
  it.each([false, true])("reads every entry, the lines and the summary (deflated: %s)", (deflated) => {
    expect(read([stream(deflated)])).toEqual({ entries: 3, all: ALL, lines: [MAP], summary: SUMMARY });
  });

  it("reads the same however the bytes are cut", () => {
    const bytes = stream();
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (places) => {
        const cuts = [0, ...places.sort((a, b) => a - b), bytes.length];
        const pieces = cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
        expect(read(pieces).all).toEqual(ALL);
      }),
    );
  });

  it("takes nothing that is cut off for the whole", () => {
    const bytes = stream();
    for (let end = 0; end < bytes.length; end++) {
      expect(failure([bytes.subarray(0, end)]).reason).toBe("truncated");
    }
  });

  it("notices every changed byte of what it hands on", () => {
    const begin = Buffer.concat(BEGIN).length;
    const end = stream().indexOf('{"record":"summary"') - 8;
    for (let at = begin; at < end; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = Buffer.from(stream());
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect(["corrupt", "truncated"]).toContain(failure([changed]).reason);
      }
    }
  });

  it("fails only with its own error, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, begun) => {
        expect(failure([...(begun ? BEGIN : []), noise])).toBeInstanceOf(MapFramesError);
      }),
    );
  });

  it("tells apart a run that was ended early and one whose end is missing", () => {
    const without = (summary: unknown) => Buffer.concat([...BEGIN, frame(2, piece([1])), frame(1, line(summary))]);
    expect(failure([without(SUMMARY)]).reason).toBe("truncated");
    const cut = { ...SUMMARY, ended: "time", complete: false };
    expect(read([without(cut)])).toMatchObject({ entries: 1, summary: { ended: "time", complete: false } });
  });

  it("hands on why the tracer could not", () => {
    const error = { record: "error", code: "no-map", message: "There is no map 7", hint: "List the maps again." };
    const { reason, refusal, message } = failure([line(error)]);
    expect({ reason, refusal, message }).toEqual({ reason: "refused", refusal: error, message: error.message });
  });
});

it("has zlib's CRC", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (first, second) => {
      expect(crc32(second, crc32(first))).toBe(zlibCrc32(Buffer.concat([first, second])));
    }),
  );
});
