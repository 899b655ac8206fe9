/** Which folder the team's runbooks are in, in `runbooks.json` of the data folder. */
import { isAbsolute, join } from "node:path";
import { z } from "zod";
import { BpfdeskError } from "../../core/errors.ts";
import { readJson, writeJson } from "../targets/json-file.ts";

const stored = z.object({ version: z.literal(1), folder: z.string().max(4096).nullable() });

export interface BooksFolder {
  /** Null: none was chosen. Rejects with `list-unreadable`. */
  get(): Promise<string | null>;
  /** Rejects with `no-such-folder` or `write-failed`. */
  set(folder: string | null): Promise<void>;
}

export function booksFolder(dataDir: string): BooksFolder {
  const path = join(dataDir, "runbooks.json");
  return {
    get: async () => (await readJson(path, stored))?.folder ?? null,
    async set(folder) {
      if (folder !== null && !isAbsolute(folder)) {
        throw new BpfdeskError({
          code: "no-such-folder",
          message: `${JSON.stringify(folder)} is no full path.`,
          hint: "Give the whole path of the folder with the team's runbooks.",
        });
      }
      await writeJson(path, { version: 1, folder });
    },
  };
}
