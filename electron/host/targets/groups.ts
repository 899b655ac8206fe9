/**
 * Groups of targets a person saved, in `groups.json` of the data folder. They hold names of nodes and
 * patterns, never a secret.
 */
import { join } from "node:path";
import { z } from "zod";
import { BpfdeskError } from "../../core/errors.ts";
import { type TargetGroup, targetGroup } from "../../shared/contract.ts";
import { parseTarget } from "../ssh/target.ts";
import { readJson, writeJson } from "./json-file.ts";
import { holdsPassword } from "./parts.ts";
import { readWord } from "./words.ts";

const MAX_GROUPS = 200;
const stored = z.object({ version: z.literal(1), groups: z.array(targetGroup).max(MAX_GROUPS) });

export interface Groups {
  /** By name. Throws `list-unreadable`. */
  list(): Promise<TargetGroup[]>;
  /** Replaces the group of that name. Throws `bad-group`, or as `list`, or `write-failed`. */
  save(group: TargetGroup): Promise<void>;
  /** A group that is not there is removed already. */
  remove(name: string): Promise<void>;
}

export function openGroups(dataDir: string): Groups {
  const path = join(dataDir, "groups.json");
  let turn: Promise<unknown> = Promise.resolve();
  const list = async () => (await readJson(path, stored))?.groups ?? [];

  /** One change after the other, each on what the file holds then. */
  function change(next: (groups: TargetGroup[]) => TargetGroup[]): Promise<void> {
    const done = turn.then(async () => {
      const groups = next(await list()).sort((a, b) => (a.name < b.name ? -1 : 1));
      if (groups.length > MAX_GROUPS) throw badGroup(`There are ${MAX_GROUPS} groups already.`, "Remove one first.");
      await writeJson(path, { version: 1, groups });
    });
    turn = done.catch(() => {});
    return done;
  }

  return {
    list,
    async save(group) {
      for (const text of group.targets) check(group.name, text);
      await change((groups) => [...groups.filter(({ name }) => name !== group.name), group]);
    },
    remove: (gone) => change((groups) => groups.filter(({ name }) => name !== gone)),
  };
}

function check(group: string, text: string): void {
  const word = readWord(text);
  if (holdsPassword(word.text)) {
    throw badGroup(`A target of the group ${group} holds a password.`, "Leave it out; it is asked for when needed.");
  }
  if (/[\s,]/.test(text) || word.kind === "file" || word.kind === "group") {
    throw badGroup(
      `${JSON.stringify(text.slice(0, 80))} cannot be in the group ${group}.`,
      "A group holds targets and patterns, one each; no files and no other groups.",
    );
  }
  if (word.kind === "target") parseTarget(word.text);
}

const badGroup = (message: string, hint: string) => new BpfdeskError({ code: "bad-group", message, hint });
