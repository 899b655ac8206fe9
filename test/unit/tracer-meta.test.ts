/** tracer.yaml becomes the C that its tracer is compiled with, whatever its texts hold. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { tracerManifest } from "../../electron/core/trace/manifest.ts";
import { readManifests } from "../../scripts/tracers/manifests.ts";
import { metaHeader } from "../../scripts/tracers/meta.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const HOSTILE = 'a "quoted" \\ word??/ with ü, 0x\u0001f and */ in it';

const manifest = tracerManifest.parse({
  name: "odd",
  title: HOSTILE,
  question: HOSTILE,
  summary: "s",
  cost: "low",
  cost_note: "c",
  needs: ["btf"],
  variants: [{ id: "one", title: "One", needs: ["fexit_prog", "ringbuf"], proves: HOSTILE }],
  kernels_tried: [],
  params: [
    { name: "port", title: "Port", description: "d", type: "u64", default: "53", min: 1, max: 65_535 },
    { name: "way", title: "Way", description: "d", type: "enum", values: ["in", HOSTILE], required: true },
  ],
  records: {
    hit: {
      title: "Hits",
      description: "d",
      kind: "total",
      fields: [
        { name: "src", type: "ip", title: "Source", description: "d", key: true },
        { name: "rtt_ns", type: "u64", unit: "ns", title: "RTT", description: "d", width: 80 },
      ],
    },
  },
});

const PROGRAM = `#include <stdio.h>
#include "odd.meta.h"
int main(void)
{
	const struct tracer_meta *meta = &odd_meta;
	printf("%s\\n%s\\n%s\\n", meta->title, meta->variants[0].proves, meta->records_json);
	printf("%d %g %g %s\\n", meta->params[0].type == PARAM_U64, meta->params[0].min, meta->params[0].max, meta->params[0].fallback);
	printf("%d %s %d\\n", meta->params[1].required, meta->params[1].values[1], meta->params[1].values[2] == 0);
	printf("%d %d %d\\n", ODD_HIT, (int)meta->record_count, meta->records[ODD_HIT].kind == RECORD_TOTAL);
	printf("%d\\n", meta->variants[0].needs == (1u << FEATURE_fexit_prog | 1u << FEATURE_ringbuf));
	return 0;
}
`;

const compiler = fs.existsSync("/usr/include/bpf/libbpf.h");

describe("a tracer's description", () => {
  it.skipIf(!compiler)("says the same in C", () => {
    const dir = fs.mkdtempSync(path.join(tmpdir(), "bpfdesk-meta-"));
    try {
      fs.writeFileSync(path.join(dir, "odd.meta.h"), metaHeader(manifest));
      fs.writeFileSync(path.join(dir, "odd.c"), PROGRAM);
      const include = ["-I", dir, "-I", path.join(ROOT, "bpf/lib")];
      const program = path.join(dir, "odd");
      execFileSync("gcc", [
        "-std=gnu11",
        "-Wall",
        "-Wextra",
        "-Werror",
        ...include,
        path.join(dir, "odd.c"),
        "-o",
        program,
      ]);
      const records = {
        hit: {
          kind: "total",
          fields: [
            { name: "src", type: "ip", key: true },
            { name: "rtt_ns", type: "u64", unit: "ns" },
          ],
        },
      };
      expect(execFileSync(program).toString().split("\n")).toEqual([
        HOSTILE,
        HOSTILE,
        JSON.stringify(records),
        "1 1 65535 53",
        `1 ${HOSTILE} 1`,
        "0 1 1",
        "1",
        "",
      ]);
    } finally {
      fs.rmSync(dir, { recursive: true, force: true });
    }
  });

  it("is read of every folder, and of nothing else", () => {
    const folders = fs.readdirSync(path.join(ROOT, "bpf/tracers"));
    expect(readManifests(path.join(ROOT, "bpf/tracers")).map(({ name }) => name)).toEqual(folders.sort());
  });

  it("that cannot be read names the tracer and the place", () => {
    const dir = fs.mkdtempSync(path.join(tmpdir(), "bpfdesk-meta-"));
    try {
      const folder = path.join(dir, "odd");
      fs.mkdirSync(folder);
      for (const file of ["odd.c", "README.md"]) fs.writeFileSync(path.join(folder, file), "");
      fs.writeFileSync(path.join(folder, "tracer.yaml"), JSON.stringify({ ...manifest, cost: "dear" }));
      expect(() => readManifests(dir)).toThrow(/odd\/tracer\.yaml:\n[\s\S]*cost/);
      fs.rmSync(path.join(folder, "README.md"));
      expect(() => readManifests(dir)).toThrow("bpf/tracers/odd has no README.md.");
    } finally {
      fs.rmSync(dir, { recursive: true, force: true });
    }
  });
});
