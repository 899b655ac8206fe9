/** The recorded incident that ships with the app: which file it is and what it says of itself. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readSnapshot, SNAPSHOT_EXTENSION } from "../snapshot/file.ts";

export interface Sample {
  path: string;
  title: string;
  description: string;
}

/** The first snapshot of `resources/sample`, or null when there is none that can be read. */
export async function findSample(resourcesDir: string): Promise<Sample | null> {
  const folder = join(resourcesDir, "sample");
  try {
    const name = (await readdir(folder)).sort().find((file) => file.endsWith(SNAPSHOT_EXTENSION));
    if (!name) return null;
    const path = join(folder, name);
    const { title, description } = await readSnapshot(await readFile(path), path);
    return { path, title, description };
  } catch {
    // The first screen then does not offer it.
    return null;
  }
}
