/**
 * Keeps the page linked to the host: opens the session, feeds its events into the session store,
 * and links again when the host was restarted. Everything else asks through {@link host}.
 */
import { createStore } from "zustand/vanilla";
import { BpfdeskError, type ErrorData } from "../../electron/core/errors.ts";
import { emptySession } from "../../electron/core/journal/state.ts";
import type { AppInfo } from "../../electron/shared/contract.ts";
import type { Client } from "../../electron/shared/rpc/client.ts";
import { applyEvents, sessionStore } from "../stores/session.ts";
import { connectHost } from "./connect.ts";
import { errorData } from "./error-data.ts";

export type LinkState =
  | { status: "opening" }
  | { status: "open"; client: Client; session_id: string; path: string | null; info: AppInfo }
  | { status: "lost"; error: ErrorData };

export const linkStore = createStore<LinkState>(() => ({ status: "opening" }));

/** Links lost in a row without one event in between; then the person has to ask for another try. */
const RETRIES = 3;

/** Opens the link and keeps it; resolves when it was given up. Called at start and by "Try again". */
export async function openLink(): Promise<void> {
  linkStore.setState({ status: "opening" }, true);
  let failures = 0;
  while (failures < RETRIES) {
    try {
      await follow(() => {
        failures = 0;
      });
    } catch (error) {
      failures += 1;
      const data = errorData(error);
      const permanent = data.code !== "host-lost" || failures >= RETRIES;
      if (permanent) return linkStore.setState({ status: "lost", error: data }, true);
    }
  }
}

/** One link, from opening to its end, which is always an error: the session outlives the page. */
async function follow(alive: () => void): Promise<never> {
  const client = await connectHost();
  try {
    const [info, opened] = await Promise.all([client.call("app.info", {}), client.call("session.open", {})]);
    linkStore.setState({ status: "open", client, info, ...opened }, true);
    const { session_id } = opened;
    if (sessionStore.getState().session_id !== session_id) sessionStore.setState(emptySession, true);
    const after_seq = sessionStore.getState().last_seq;
    for await (const batch of client.stream("session.events", { session_id, after_seq })) {
      applyEvents(batch);
      alive();
    }
    throw new BpfdeskError({
      code: "session-closed",
      message: "The session was closed by the host.",
      hint: "Open it again.",
    });
  } finally {
    client.close();
  }
}

/** The open link; throws a BpfdeskError `host-lost` when there is none. */
export function host(): Extract<LinkState, { status: "open" }> {
  const link = linkStore.getState();
  if (link.status === "open") return link;
  throw new BpfdeskError({
    code: "host-lost",
    message: "bpfdesk's host is not reachable.",
    hint: "Reload the window.",
  });
}
