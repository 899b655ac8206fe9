/** The contents of a large map, against bpftool's: the time from the start to the last byte, and how many bytes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { inflateSync } from "node:zlib";
import { MapFramesReader } from "../../electron/core/trace/map-frames.ts";
import { buildLab } from "../lab/node/build.ts";
import { tracerBinary } from "../support/tracer.ts";
import { defineBench, median, ms, times } from "./define.ts";

const ENTRIES = 512_000;
const KEY_SIZE = 24;
const VALUE_SIZE = 56;
const HASH = 1;
const RUNS = 3;

export default defineBench({
  title: `Map of ${ENTRIES} entries (key ${KEY_SIZE} B, value ${VALUE_SIZE} B), median of ${RUNS}`,
  async run() {
    const binary = await tracerBinary();
    const sizes = [HASH, KEY_SIZE, VALUE_SIZE, ENTRIES, ENTRIES].map(String);
    const holder = spawn(join(buildLab(), "lab-maps"), sizes, { stdio: ["pipe", "pipe", "inherit"] });
    try {
      const [line] = (await once(createInterface({ input: holder.stdout }), "line")) as [string];
      const id = line.split(" ")[1] ?? "";
      const dump = (...params: string[]) => [
        ...[binary, "run", "mapdump"],
        ...[`map_id=${id}`, ...params].flatMap((one) => ["--param", one]),
      ];
      const ways = {
        frames: dump("format=binary"),
        deflated: dump("format=binary", "compress=true"),
        lines: dump(),
        count: [binary, "run", "snapshot", "--param", "parts=maps"],
        bpftool: ["bpftool", "-j", "map", "dump", "id", id],
      };
      const took = { frames: [], deflated: [], lines: [], count: [], bpftool: [], read: [] } as Record<
        string,
        number[]
      >;
      const bytes: Record<string, number> = {};
      for (let run = 0; run < RUNS; run++) {
        for (const [name, argv] of Object.entries(ways)) {
          const one = await timed(argv, () => {});
          took[name]?.push(one.ms);
          bytes[name] = one.bytes;
        }
        took.read?.push(await readAndChecked(ways.frames));
      }
      const of = (name: string) => median(took[name] ?? []);
      const shown = (name: string) => `${ms(of(name))}, ${((bytes[name] ?? 0) / 1e6).toFixed(1)} MB`;
      return [
        { label: "bpftool -j map dump", value: shown("bpftool") },
        { label: "mapdump, frames", value: shown("frames") },
        { label: "mapdump, frames, deflated", value: shown("deflated") },
        { label: "mapdump, lines", value: shown("lines") },
        { label: "mapdump, frames, read and checked by the app's reader", value: ms(of("read")) },
        { label: "ratio of frames", value: times(of("bpftool"), of("frames")) },
        { label: "ratio of deflated frames", value: times(of("bpftool"), of("deflated")) },
        { label: "ratio of lines", value: times(of("bpftool"), of("lines")) },
        { label: "snapshot of all maps with their counts", value: ms(of("count")) },
      ];
    } finally {
      const gone = once(holder, "exit");
      holder.stdin.end();
      await gone;
    }
  },
});

async function timed(argv: readonly string[], take: (bytes: Buffer) => void): Promise<{ ms: number; bytes: number }> {
  const [command = "", ...args] = argv;
  const began = performance.now();
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  let bytes = 0;
  child.stdout.on("data", (piece: Buffer) => {
    bytes += piece.length;
    take(piece);
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}`);
  return { ms: performance.now() - began, bytes };
}

async function readAndChecked(argv: readonly string[]): Promise<number> {
  const reader = new MapFramesReader({
    inflate: (bytes, limit) => inflateSync(bytes, { maxOutputLength: limit }),
    entries: () => {},
  });
  const one = await timed(argv, (bytes) => reader.push(bytes));
  const { entries } = reader.finish();
  if (entries !== ENTRIES) throw new Error(`${entries} entries of ${ENTRIES} were read`);
  return one.ms;
}
