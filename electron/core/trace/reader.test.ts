import fc from "fast-check";
import { expect, it } from "vitest";
import { encodeUtf8 } from "../collect/utf8.ts";
import { TraceReader } from "./reader.ts";

const schema = {
  record: "schema",
  protocol: 1,
  tracer: "some",
  version: "1",
  arch: "x86_64",
  kernel: "6.1.0",
  variant: "one",
  proves: "this",
  fallbacks: [],
  params: {},
  records: { seen: { kind: "event", fields: [{ name: "n", type: "u64" }] } },
  started_us: 1,
};
const counts = { events: 1, lost: 0, evicted: 0, thinned: 0, cost: null };
const stats = { record: "stats", time_us: 2, ...counts, sample_every: 1 };
const summary = { record: "summary", time_us: 3, duration_ms: 1, ended: "time", ...counts };
const text = (lines: readonly unknown[]) =>
  lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");

/** Everything it tells, in order. */
function read(chunks: Iterable<Uint8Array>, limit?: number): unknown[][] {
  const told: unknown[][] = [];
  const reader = new TraceReader(
    {
      record: (name, members) => told.push([name, members.n]),
      schema: ({ tracer }) => told.push(["schema", tracer]),
      stats: ({ events }) => told.push(["stats", events]),
      note: ({ code, message }) => told.push(["note", code, message]),
      summary: ({ ended }) => told.push(["summary", ended]),
      error: ({ code }) => told.push(["error", code]),
    },
    () => 7,
    limit,
  );
  for (const chunk of chunks) reader.push(chunk);
  reader.finish();
  return told;
}

it("reads the same wherever the chunks begin and end", () => {
  const bytes = encodeUtf8(
    text([schema, { record: "seen", n: "größer" }, stats, "", { record: "seen", n: 2 }, summary]),
  );
  const whole = read([bytes]);
  expect(whole).toEqual([
    ["schema", "some"],
    ["seen", "größer"],
    ["stats", 1],
    ["seen", 2],
    ["summary", "time"],
  ]);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const chunks = at.slice(1).map((end, index) => Uint8Array.from(bytes.subarray(at[index], end)));
      expect(read(chunks)).toEqual(whole);
    }),
  );
});

it("reads a last line without an end", () => {
  expect(read([encodeUtf8(`${text([schema])}{"record":"seen","n":1}`)])).toEqual([
    ["schema", "some"],
    ["seen", 1],
  ]);
});

it("goes on after any line that is none, tells the first of a kind and how many there were", () => {
  const lines = [
    { record: "seen", n: 0 },
    schema,
    "no JSON",
    "[1]",
    "null",
    '{"n":1}',
    { record: "toString", n: 1 },
    { record: "stats", time_us: "soon" },
    schema,
    { record: "seen", n: 1 },
  ];
  expect(read([encodeUtf8(text(lines))])).toEqual([
    ["note", "line-unknown", 'A line was of a record that the tracer did not declare: {"record":"seen","n":0}'],
    ["schema", "some"],
    ["note", "line-no-json", "A line was no JSON object with a record name: no JSON"],
    [
      "note",
      "line-malformed",
      'A line was not of the form that its record name stands for: {"record":"stats","time_us":"soon"}',
    ],
    ["note", "line-again", expect.stringContaining("A line was a second schema: ")],
    ["seen", 1],
    [
      "note",
      "line-unknown",
      "2 lines were of a record that the tracer did not declare; they are only in the recorded output.",
    ],
    ["note", "line-no-json", "4 lines were no JSON object with a record name; they are only in the recorded output."],
  ]);
});

it("leaves out lines that are too long, in one chunk or in many, and reads the next", () => {
  const long = JSON.stringify({ record: "seen", n: "x".repeat(2000) });
  const bytes = encodeUtf8(text([schema, { record: "seen", n: 1 }, long, { record: "seen", n: 2 }]));
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, at) => bytes.subarray(at * 7, at * 7 + 7));
  for (const chunks of [[bytes], pieces]) {
    const told = read(chunks, 1000);
    expect(told.filter(([kind]) => kind !== "note")).toEqual([
      ["schema", "some"],
      ["seen", 1],
      ["seen", 2],
    ]);
    expect(told.filter(([kind]) => kind === "note")).toEqual([
      ["note", "line-too-long", "A line was longer than a line may be"],
    ]);
  }
});

it("reads the lines among frames, and passes over what else is in them", () => {
  const frame = (kind: number, content: Uint8Array) => {
    const bytes = new Uint8Array(8 + content.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, content.length, true);
    view.setUint8(4, kind);
    bytes.set(content, 8);
    return bytes;
  };
  const parts = [
    encodeUtf8(
      text([schema, { record: "seen", n: 1 }, { record: "frames", version: 1, key_size: 4, value_stride: 4 }]),
    ),
    frame(2, encodeUtf8(text([{ record: "seen", n: "an entry" }]))),
    frame(1, encodeUtf8(text([{ record: "seen", n: 2 }]))),
    frame(3, new Uint8Array(300).fill(10)),
    frame(4, new Uint8Array(0)),
    frame(1, encodeUtf8(JSON.stringify(summary))),
  ];
  const bytes = new Uint8Array(parts.flatMap((part) => [...part]));
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, at) => bytes.subarray(at * 7, at * 7 + 7));
  for (const chunks of [[bytes], pieces, parts]) {
    expect(read(chunks)).toEqual([
      ["schema", "some"],
      ["seen", 1],
      ["seen", 2],
      ["summary", "time"],
    ]);
  }
});

it("never throws, whatever bytes come", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.json().map((json) => encodeUtf8(`${json}\n`)),
        ),
      ),
      (chunks) => {
        read(chunks, 50);
      },
    ),
  );
});
