/** Failures of a node's work as data and as a row among the sections. */
import { BpfdeskError, type ErrorData, type Phase } from "../../core/errors.ts";
import type { SectionState } from "../../core/model/types.ts";
import { nameBug } from "../crash.ts";

/** Any failure as data, with the step and node it belongs to. An exception without data is a bug. */
export function failureData(error: unknown, phase: Phase, node: string): ErrorData {
  if (error instanceof BpfdeskError) return { phase, node, ...error.data };
  return {
    code: "internal",
    message: `bpfdesk itself failed in the step "${phase.replace("_", " ")}".`,
    hint: "Try again; when it happens again, report it.",
    phase,
    node,
    cause: nameBug(error),
  };
}

/** A step beside the collection that failed, shown where the sections are. */
export function failedSection(section: string, error: ErrorData): SectionState {
  const message = [error.message, error.hint].filter(Boolean).join(" ");
  const warnings = [{ code: error.code, message }];
  return { section, scope: "node", ok: false, exit: null, ms: null, bytes: 0, truncated: false, warnings };
}
