/**
 * What was opened lately, in `recent.json` of the data folder: names of nodes and what was typed for groups.
 * Only a convenience: a list that cannot be read or written is done without.
 */
import { join } from "node:path";
import { z } from "zod";
import type { RecentTarget } from "../../shared/contract.ts";
import { readJson, writeJson } from "./json-file.ts";
import { holdsPassword } from "./parts.ts";

const LIMIT = 20;
const entry = z.object({
  kind: z.enum(["node", "group"]),
  target: z.string().max(512),
  identity_file: z.string().max(4096).nullable(),
  at: z.number(),
}) satisfies z.ZodType<RecentTarget>;
const stored = z.object({ version: z.literal(1), recent: z.array(entry).max(LIMIT) });

export interface Recent {
  /** Newest first. */
  list(): Promise<RecentTarget[]>;
  /** Puts it on top. Never rejects. */
  remember(opened: Omit<RecentTarget, "at">): Promise<void>;
}

/** @param now epoch ms */
export function openRecent(dataDir: string, now: () => number = Date.now): Recent {
  const path = join(dataDir, "recent.json");
  let turn: Promise<unknown> = Promise.resolve();
  const read = () =>
    readJson(path, stored).then(
      (found) => found?.recent ?? [],
      () => [],
    );

  return {
    list: () => turn.then(read),
    remember(opened) {
      const done = turn.then(async () => {
        if (holdsPassword(opened.target) || opened.target.length > 512) return;
        const others = (await read()).filter(({ kind, target }) => kind !== opened.kind || target !== opened.target);
        const recent = [{ ...opened, at: now() }, ...others].slice(0, LIMIT);
        await writeJson(path, { version: 1, recent }).catch(() => {});
      });
      turn = done;
      return done;
    },
  };
}
