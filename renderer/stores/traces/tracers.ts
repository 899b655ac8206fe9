/** The tracers that ship with the app, asked for once per link: their forms, columns and texts come from here. */
import { useEffect } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { ErrorData } from "../../../electron/core/errors.ts";
import type { TracerManifest } from "../../../electron/core/trace/manifest.ts";
import { errorData } from "../../host/error-data.ts";
import { host } from "../../host/link.ts";

export interface TracersState {
  state: "idle" | "loading" | "ready" | "failed";
  list: readonly TracerManifest[];
  error: ErrorData | null;
}

export const tracersStore = createStore<TracersState>(() => ({ state: "idle", list: [], error: null }));

/** All tracers; loads them on first use. */
export function useTracers(): TracersState {
  useEffect(() => void loadTracers(), []);
  return useStore(tracersStore);
}

/** Asks for them unless they are here; a failure is kept to be shown, and the next call asks again. */
export async function loadTracers(): Promise<void> {
  const { state } = tracersStore.getState();
  if (state === "loading" || state === "ready") return;
  tracersStore.setState({ state: "loading", error: null });
  try {
    const list = await host().client.call("tracers.list", {});
    tracersStore.setState({ state: "ready", list });
  } catch (error) {
    tracersStore.setState({ state: "failed", error: errorData(error) });
  }
}

/** The manifest of a tracer; undefined for one this version does not ship. */
export function useManifest(name: string): TracerManifest | undefined {
  return useTracers().list.find((tracer) => tracer.name === name);
}
