/** `bpfdesk snapshot`: one file of one target, a folder of files of several. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { BpfdeskError } from "../core/errors.ts";
import { SNAPSHOT_EXTENSION } from "../host/snapshot/file.ts";
import { EXIT } from "./exit.ts";
import type { Plan } from "./plan.ts";
import type { Work } from "./run.ts";
import { writeWhole } from "./write.ts";

export function snapshotWork(output: string): Work {
  let files = new Map<string, string>();
  return {
    async prepare(plan) {
      files = plan.one ? new Map(plan.targets.map((name) => [name, output])) : filesIn(output, plan);
      if (!plan.one) await makeFolder(output);
    },
    async answer({ client, terminal, opened, name }) {
      const { session_id, node } = opened;
      const { bytes } = await client.call("snapshot.export", { session_id, node });
      const file = files.get(name) ?? output;
      await writeWhole(file, bytes);
      if (file !== "-") terminal.say(`Wrote ${file} (${Math.ceil(bytes.length / 1024)} KiB).`);
      return { code: EXIT.ok };
    },
  };
}

/** A file a target, named after it; names that come out alike are numbered. */
function filesIn(folder: string, { targets }: Plan): Map<string, string> {
  const taken = new Set<string>();
  return new Map(
    targets.map((target) => {
      const safe = target
        .replace(/[^A-Za-z0-9._@-]+/g, "_")
        .replace(/^[.-]+/, "_")
        .slice(0, 120);
      let name = safe;
      for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${safe}-${n}`;
      taken.add(name.toLowerCase());
      return [target, join(folder, `${name}${SNAPSHOT_EXTENSION}`)];
    }),
  );
}

async function makeFolder(folder: string): Promise<void> {
  if (folder === "-") {
    throw new BpfdeskError({
      code: "one-file-each",
      message: "Snapshots of several targets are a file each; they cannot go to stdout.",
      hint: "Give -o a folder.",
    });
  }
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return;
    throw new BpfdeskError({
      code: "write-failed",
      message: `The folder ${folder} cannot be made.`,
      hint: "Check the name given to -o: snapshots of several targets are a file each in that folder.",
      cause: error instanceof Error ? error.message : String(error),
    });
  }
}
