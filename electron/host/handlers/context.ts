/** What the answers to requests have in common: the one session, what is live, what can be run on a node. */
import type { Section } from "../../core/collect/section.ts";
import type { TracerManifest } from "../../core/trace/manifest.ts";
import type { LiveParts } from "../live.ts";
import type { Bookshelf } from "../runbook/bookshelf.ts";
import type { BooksFolder } from "../runbook/folder.ts";
import type { findSample } from "../session/sample.ts";
import type { Session } from "../session/session.ts";
import type { NodeWork } from "../session/work.ts";
import type { TargetLists } from "../targets/lists.ts";

export interface HostContext {
  mode: "desktop" | "browser" | "cli";
  version: string;
  parts: LiveParts;
  lists: TargetLists;
  /** The session, when it is open. */
  opened(): Session | null;
  /** Opens the session, or returns the one that is open. Throws `closing`. */
  open(): Session;
  /** The open session of that id. Throws `no-such-session`. */
  session(session_id: string): Session;
  sections(): Promise<readonly Section[]>;
  nodeWork(): Promise<NodeWork>;
  sample(): ReturnType<typeof findSample>;
  /** Of every tracer that ships with this installation. */
  tracers(): Promise<TracerManifest[]>;
  books(): Promise<Bookshelf>;
  booksFolder: BooksFolder;
}
