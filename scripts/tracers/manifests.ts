/** Reads `bpf/tracers/<name>/tracer.yaml` of every tracer there is: listing the folder is the list. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { type TracerManifest, tracerManifest } from "../../electron/core/trace/manifest.ts";

/** Sorted by name; `only` that one. Throws an Error that names the file and the place in it. */
export function readManifests(tracersDir: string, only?: string): TracerManifest[] {
  const names = readdirSync(tracersDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => only === undefined || name === only)
    .sort();
  return names.map((name) => readManifest(tracersDir, name));
}

function readManifest(tracersDir: string, name: string): TracerManifest {
  const file = join(tracersDir, name, "tracer.yaml");
  for (const part of ["tracer.yaml", `${name}.c`, "README.md"]) {
    if (!existsSync(join(tracersDir, name, part))) throw new Error(`bpf/tracers/${name} has no ${part}.`);
  }
  const read = tracerManifest.safeParse(parse(readFileSync(file, "utf8")));
  if (!read.success) throw new Error(`bpf/tracers/${name}/tracer.yaml:\n${z.prettifyError(read.error)}`);
  if (read.data.name !== name) throw new Error(`bpf/tracers/${name}/tracer.yaml calls itself ${read.data.name}.`);
  return read.data;
}
