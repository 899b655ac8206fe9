/**
 * A snapshot file: the raw answers of one node at one time, and nothing derived.
 *
 * gzip-compressed JSON. Everything is built again from the raw sections when it is opened, so an
 * old snapshot profits from a newer parser. Holds no secrets: the collector reads none.
 */
import type { Collected } from "./frames.ts";

export const SNAPSHOT_FORMAT = "bpfdesk-snapshot";
export const SNAPSHOT_VERSION = 1;

export interface Snapshot {
  format: typeof SNAPSHOT_FORMAT;
  version: number;
  /** bpfdesk version that recorded it. */
  app_version: string;
  title: string;
  description: string;
  node: { host: string; user: string; root: boolean };
  /** Epoch ms of the recording host. */
  recorded_at: number;
  /** First stage: all sections. */
  collected: Collected;
  /** Second stage (translated code of programs that share a hook), when it was asked for. */
  follow_up: Collected | null;
}
