/** What a node's kernel offers one tracer, in words. Pure. */
import type { TracerManifest } from "../../../electron/core/trace/manifest.ts";
import type { CheckState } from "./checks.ts";

export interface Offered {
  state: "unknown" | "good" | "fallback" | "refused";
  /** The way it would take, or that it cannot. */
  text: string;
  /** What that proves, or why not; empty when nothing is to be said. */
  detail: string;
  fallbacks: readonly { wanted: string; why: string }[];
}

export function offeredTo(manifest: TracerManifest, check: CheckState | undefined): Offered {
  const nothing = { fallbacks: [], detail: "" };
  if (!check) return { state: "unknown", text: "not asked", ...nothing };
  if (check.state === "asking") return { state: "unknown", text: "being asked…", ...nothing };
  if (check.state === "failed")
    return { state: "unknown", text: "could not be asked", ...nothing, detail: check.error.message };
  const found = check.check.tracers[manifest.name];
  if (!found) return { state: "unknown", text: "does not say", ...nothing };
  if (found.refused !== null || found.variant === null) {
    return { state: "refused", text: "cannot run here", detail: found.refused ?? "", fallbacks: [] };
  }
  const title = manifest.variants.find(({ id }) => id === found.variant)?.title ?? found.variant;
  const state = found.fallbacks.length > 0 ? "fallback" : "good";
  return { state, text: title, detail: found.proves, fallbacks: found.fallbacks };
}
