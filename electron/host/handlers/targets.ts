/** Several nodes: what a text of targets means, groups, what was opened lately, opening many at once. */
import { BpfdeskError } from "../../core/errors.ts";
import type { ConnectTarget, RecentTarget } from "../../shared/contract.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { openMany } from "../session/open-many.ts";
import { targetOf } from "../session/targets.ts";
import type { HostContext } from "./context.ts";

/** How many nodes connect and collect at a time, unless the person says otherwise. */
const CONCURRENCY = 8;

export function targetHandlers(host: HostContext) {
  const { lists } = host;
  return {
    "targets.expand": ({ text }) => lists.expand(text, host.mode === "browser" ? null : { folder: null }),
    "groups.list": () => lists.groups.list(),
    "groups.save": async ({ group }) => {
      await lists.groups.save(group);
      return null;
    },
    "groups.remove": async ({ name }) => {
      await lists.groups.remove(name);
      return null;
    },
    "recent.list": () => lists.recent.list(),
    "nodes.connect": async ({ session_id, targets, group, concurrency = CONCURRENCY, ...login }) => {
      const session = host.session(session_id);
      const found = targets.map((target) => {
        const chosen: ConnectTarget = typeof target === "string" ? { kind: "ssh", target, ...login } : target;
        mayBeOpened(chosen, host);
        return targetOf(chosen, { live: host.parts.live, sample: host.sample, app_version: host.version });
      });
      const ready = await host.nodeWork();
      const { identity_file = null } = login;
      if (group !== undefined && host.mode !== "cli") {
        void lists.recent.remember({ kind: "group", target: group, identity_file });
      }
      return { nodes: openMany(session, found, ready, { concurrency, ...(group === undefined ? {} : { group }) }) };
    },
  } satisfies Partial<Handlers>;
}

/** Throws `not-in-browser` for a file that is named from a browser. */
export function mayBeOpened(target: ConnectTarget, { mode }: Pick<HostContext, "mode">): void {
  if (target.kind !== "file" || mode !== "browser") return;
  throw new BpfdeskError({
    code: "not-in-browser",
    message: "Files are not opened by name from a browser.",
    hint: "Choose the file in the page; its content is sent.",
  });
}

/** What of an opened target belongs into the list of what was opened lately; null for records and this machine. */
export function recentOf(target: ConnectTarget): Omit<RecentTarget, "at"> | null {
  if (target.kind !== "ssh") return null;
  return { kind: "node", target: target.target, identity_file: target.identity_file ?? null };
}
