/**
 * What a node session is given: how to connect, and what to do on a node.
 *
 * Types only. `service.ts` fills them with SSH, this machine, a replay, and the collector; tests with their own.
 */
import type { Collected, SectionResult } from "../../core/collect/frames.ts";
import type { Section } from "../../core/collect/section.ts";
import type { Phase } from "../../core/errors.ts";
import type { Prompt } from "../../core/journal/events.ts";
import type { Leftover, NodeInventory } from "../../core/residue/types.ts";
import type { PromptAnswer } from "../../shared/contract.ts";
import type { AskPod } from "../change/checks.ts";
import type { OnCommand } from "../transport/privileges.ts";
import type { NodeTransport } from "../transport/types.ts";

/** How a transport is made; tells its progress and asks its questions through the context. */
export type Connect = (context: ConnectContext) => Promise<NodeTransport>;

export interface ConnectContext {
  onPhase(phase: Phase, detail: string): void;
  ask(prompt: Prompt): Promise<PromptAnswer>;
  signal: AbortSignal;
  /** Told of what is run on the node before there is a transport whose commands are recorded. */
  onCommand: OnCommand;
}

/** The bpftool to use on a node and how to leave nothing behind. */
export interface LentTool {
  /** Path of a bpftool that was lent, or null for the node's own. */
  bpftool: string | null;
  /** Removes what was lent; returns what could not be removed, in words. */
  cleanup(): Promise<string[]>;
}

/** A binary of this installation on a node: to be run with `execChecked` only. */
export interface LentBinary {
  /** Of the binary. */
  path: string;
  /** It was removed: by us, or because somebody had changed it. */
  readonly gone: boolean;
  /** Removes it; returns what could not be removed, in words. Never rejects; may be called again. */
  remove(): Promise<string[]>;
}

/** How something on a node is changed. */
export interface ChangeWork {
  lend(transport: NodeTransport, options: { signal: AbortSignal }): Promise<LentBinary>;
  askPod: AskPod;
  /** A change that was not confirmed is put back by the node after so many seconds. */
  lease_s: number;
}

export interface ResidueWork {
  /**
   * Everything bpfdesk could leave on the node, as it is now. With `retire` a lent bpftool is taken away by the
   * same command, after its use.
   */
  takeInventory(
    transport: NodeTransport,
    options: { bpftool: string | null; signal: AbortSignal; cleanup: boolean; retire: boolean },
  ): Promise<NodeInventory>;
  stopLeftovers(
    transport: NodeTransport,
    leftovers: readonly Leftover[],
  ): Promise<{ stopped: string[]; failed: { id: string; why: string }[] }>;
}

/** What is done on a node, apart from the order it is done in. */
export interface NodeWork {
  sections: readonly Section[];
  /** `beforeLending` is awaited before anything is put on the node. */
  ensureBpftool(
    transport: NodeTransport,
    context: Pick<ConnectContext, "ask" | "signal"> & { beforeLending(): Promise<void> },
  ): Promise<LentTool>;
  /** Absent where nothing can be traced. */
  lendTracers?(transport: NodeTransport, options: { signal: AbortSignal }): Promise<LentBinary>;
  /** Absent where nothing can be changed. */
  changes?: ChangeWork;
  /** Absent where nothing can be left. */
  residue?: ResidueWork;
  /** Rejects only when cancelled or when nothing at all arrived. */
  collectNode(
    transport: NodeTransport,
    options: {
      sections: readonly Section[];
      bpftool: string | null;
      signal: AbortSignal;
      onSection(result: SectionResult): void;
    },
  ): Promise<Collected>;
  collectFollowUp(
    transport: NodeTransport,
    options: { sections: readonly Section[]; prog_ids: readonly number[]; bpftool: string | null; signal: AbortSignal },
  ): Promise<Collected>;
  /** Sections by name, also those that are no part of a picture. Absent where nothing but the picture is asked. */
  readSections?(
    transport: NodeTransport,
    options: {
      sections: readonly Section[];
      names: readonly string[];
      record_key: string;
      bpftool: string | null;
      signal: AbortSignal;
    },
  ): Promise<Collected>;
}
