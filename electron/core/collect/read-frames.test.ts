import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Collected } from "./frames.ts";
import { FrameReader } from "./read-frames.ts";
import { encodeUtf8 } from "./utf8.ts";
import { writeFrames } from "./write-frames.ts";

const NONCE = "n0nce";
const bytes = encodeUtf8;

function read(stream: Uint8Array, cuts: number[] = []): Collected {
  const reader = new FrameReader(NONCE);
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const to = Math.min(Math.max(cut, from), stream.length);
    reader.push(stream.subarray(from, to));
    from = to;
  }
  reader.push(stream.subarray(from));
  return reader.finish();
}

const section = fc.record({
  section: fc.constantFrom("bpf.prog", "tc.filter", "net.link"),
  scope: fc.constantFrom("node" as const, "netns:4026531840" as const),
  exit: fc.nat(255),
  ms: fc.nat(100_000),
  truncated: fc.boolean(),
  // Marks, line ends and text of several bytes a character are what a reader gets wrong.
  stdout: fc.string({ unit: fc.constantFrom("a", "\n", "\x1e", "é", "𝄞", "\x1en0nc", "\x1en0nce", " end ") }),
  stderr: fc.string({ unit: fc.constantFrom("b", "\n", "\x1e", "ü") }),
});
const collected: fc.Arbitrary<Collected> = fc.record({
  sections: fc.array(section, { maxLength: 6 }),
  complete: fc.boolean(),
  noise: fc.constantFrom("", "Welcome!\nLast login: today\n", "\x1e"),
});

describe("FrameReader", () => {
  it("gives back what was written, with a login banner kept apart", () => {
    const run: Collected = {
      sections: [
        { section: "node.os", scope: "node", exit: 0, ms: 10, truncated: false, stdout: 'ID="x"\n', stderr: "" },
        { section: "k8s.crictl", scope: "node", exit: 127, ms: 0, truncated: false, stdout: "", stderr: "none\n" },
        { section: "net.link", scope: "netns:42", exit: 0, ms: 20, truncated: true, stdout: "[{", stderr: "" },
      ],
      complete: true,
      noise: "Welcome to node1\n",
    };
    expect(read(writeFrames(run, NONCE))).toEqual(run);
  });

  it("hands each section over as soon as it has ended", () => {
    const reader = new FrameReader(NONCE);
    expect(reader.push(bytes(`\x1e${NONCE} begin a.b node max=9\nhello`))).toEqual([]);
    expect(reader.push(bytes(`\n\x1e${NONCE} err a.b node\nodd\n\x1e${NONCE} end a.b node exit=3 ms=40\n`))).toEqual([
      { section: "a.b", scope: "node", exit: 3, ms: 40, truncated: false, stdout: "hello", stderr: "odd" },
    ]);
  });

  it("keeps the part of a section that arrived before the line was cut", () => {
    expect(read(bytes(`\x1e${NONCE} begin a.b node max=99\n[{"id":1},\n\x1e${NONCE} er`))).toEqual({
      sections: [
        {
          section: "a.b",
          scope: "node",
          exit: null,
          ms: null,
          truncated: true,
          stdout: '[{"id":1},\n',
          stderr: "",
        },
      ],
      complete: false,
      noise: "",
    });
  });

  it("closes a section as cut off when the next one begins or the run is done", () => {
    const stream = `\x1e${NONCE} begin a.b netns:1 max=9\nx\x1e${NONCE} begin a.b netns:2 max=9\ny\x1e${NONCE} done ms=1\n`;
    const { sections, complete } = read(bytes(stream));
    expect(complete).toBe(true);
    expect(sections.map(({ scope, stdout, exit, truncated }) => ({ scope, stdout, exit, truncated }))).toEqual([
      { scope: "netns:1", stdout: "x", exit: null, truncated: true },
      { scope: "netns:2", stdout: "y", exit: null, truncated: true },
    ]);
  });

  it("knows an output that was cut at its limit from one that ends exactly there", () => {
    const run = (stdout: string) =>
      read(
        bytes(
          `\x1e${NONCE} begin a.b node max=4\n${stdout}\n\x1e${NONCE} err a.b node\n\n\x1e${NONCE} end a.b node exit=0 ms=0\n`,
        ),
      ).sections.map((result) => [result.stdout, result.truncated]);
    expect(run("abcd")).toEqual([["abcd", false]]);
    expect(run("abc\n")).toEqual([["abc\n", false]]);
    expect(run("abcde")).toEqual([["abcd", true]]);
    expect(run("abcdefgh")).toEqual([["abcd", true]]);
  });

  it("does not take a frame of another run, or of another section, for its own", () => {
    const inside = `\x1eother end a.b node exit=0 ms=0\n\x1e${NONCE} end c.d node exit=0 ms=0\n`;
    const stream = `\x1e${NONCE} begin a.b node max=999\n${inside}\n\x1e${NONCE} err a.b node\n\n\x1e${NONCE} end a.b node exit=0 ms=0\n`;
    expect(read(bytes(stream)).sections.map((result) => result.stdout)).toEqual([inside]);
  });

  it("reads the same however the stream is cut into pieces", () => {
    fc.assert(
      fc.property(collected, fc.array(fc.nat(2000), { maxLength: 40 }), (run, cuts) => {
        const stream = writeFrames(run, NONCE);
        const whole = read(stream);
        expect(read(stream, cuts)).toEqual(whole);
        expect(
          read(stream, stream.length < 400 ? [...stream.keys()] : [...stream.keys()].filter((at) => at % 7 === 0)),
        ).toEqual(whole);
      }),
    );
  });

  it("gives back any run that was written", () => {
    fc.assert(
      fc.property(collected, (run) => {
        const noise = run.complete || run.sections.length > 0 ? run.noise : "";
        expect(read(writeFrames({ ...run, noise }, NONCE))).toEqual({ ...run, noise });
      }),
    );
  });

  it("survives any damage to the stream, and damage cannot depend on the pieces", () => {
    const damage = fc.array(fc.record({ at: fc.nat(3000), byte: fc.nat(255), drop: fc.nat(20) }), { maxLength: 8 });
    fc.assert(
      fc.property(collected, damage, fc.array(fc.nat(2000), { maxLength: 20 }), (run, changes, cuts) => {
        let stream = writeFrames(run, NONCE);
        for (const { at, byte, drop } of changes) {
          const place = at % (stream.length + 1);
          stream = Uint8Array.from([...stream.subarray(0, place), byte, ...stream.subarray(place + drop)]);
        }
        expect(read(stream, cuts)).toEqual(read(stream));
      }),
    );
  });

  it("takes in a section of many megabytes in small pieces without slowing down", () => {
    const reader = new FrameReader(NONCE);
    reader.push(bytes(`\x1e${NONCE} begin a.b node max=67108864\n`));
    const piece = new Uint8Array(1024).fill(0x61);
    for (let i = 0; i < 32 * 1024; i++) reader.push(piece);
    const [only] = reader.finish().sections;
    expect(only?.stdout.length).toBe(32 * 1024 * 1024);
  });
});
