/**
 * From what a node answered to the picture of it, in one place for windows and CLI alike.
 *
 * Pure: the same answers give the same picture. Asking the node is the host's work.
 */
import type { Collected } from "./collect/frames.ts";
import { readFacts } from "./facts/facts.ts";
import { examine } from "./findings/run.ts";
import { buildDatapath } from "./model/build.ts";
import { followUpPrograms } from "./model/follow-up.ts";
import type { Datapath } from "./model/types.ts";

/** What a first collection says, and which programs' code has to be read to say the rest. */
export interface FirstLook {
  datapath: Datapath;
  /** Ids for the follow-up; empty when nothing more needs to be asked. */
  follow_up: number[];
}

/** The picture without the follow-up. Findings that need it are not claimed. */
export function firstLook(collected: Collected): FirstLook {
  const datapath = buildDatapath(readFacts(collected));
  return { datapath: withFindings(datapath), follow_up: followUpPrograms(datapath) };
}

/** The whole picture of a collection, with its follow-up where there was one. */
export function picture(collected: Collected, followUp: Collected | null): Datapath {
  const facts = readFacts(collected);
  return withFindings(followUp ? buildDatapath(facts, readFacts(followUp)) : buildDatapath(facts));
}

function withFindings(datapath: Datapath): Datapath {
  return { ...datapath, findings: examine({ ...datapath, findings: [] }) };
}
