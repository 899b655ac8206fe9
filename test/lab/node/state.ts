/** Remembers a lab across processes: a file in the lab's own folder, so that removing the lab forgets it. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { LAB_PREFIX } from "./cgroups.ts";
import type { LabState } from "./lab.ts";

const FILE = "state.json";

export function saveState(state: LabState): void {
  fs.writeFileSync(path.join(state.dir, FILE), JSON.stringify(state), { mode: 0o600 });
}

/** Every lab that was started from the command line and not taken down. */
export function savedStates(): LabState[] {
  return fs
    .readdirSync(os.tmpdir())
    .filter((name) => name.startsWith(LAB_PREFIX))
    .map((name) => path.join(os.tmpdir(), name, FILE))
    .filter((file) => fs.existsSync(file) && fs.statSync(file).uid === 0)
    .map((file) => JSON.parse(fs.readFileSync(file, "utf8")) as LabState);
}
