/** One node: connect, answer its questions, collect, look into it, leave it. */
import type { Handlers } from "../../shared/rpc/server.ts";
import { targetAgain, targetOf } from "../session/targets.ts";
import { replaceHostKey } from "../ssh/replace-key.ts";
import type { HostContext } from "./context.ts";
import { mayBeOpened, recentOf } from "./targets.ts";

/** How long a person's wish to leave a node may take on one that answers slowly, in ms. */
const LEAVE_MS = 30_000;

export function nodeHandlers(host: HostContext) {
  const parts = { live: host.parts.live, sample: host.sample, app_version: host.version };
  const node = ({ session_id, node }: { session_id: string; node: string }) => host.session(session_id).node(node);
  return {
    "node.connect": async ({ session_id, target }) => {
      mayBeOpened(target, host);
      const found = targetOf(target, parts);
      const ready = await host.nodeWork();
      const lately = host.mode === "cli" ? null : recentOf(target);
      if (lately) void host.lists.recent.remember(lately);
      return { node: host.session(session_id).connect(found, ready) };
    },
    "node.answer": (input) => {
      node(input).answer(input.prompt_id, input.answer);
      return null;
    },
    "node.cancel": (input) => {
      node(input).cancel();
      return null;
    },
    "node.collect": (input) => node(input).collect(),
    "node.disassemble": (input) => node(input).disassemble(input.prog_id),
    "node.disconnect": async (input) => {
      await node(input).disconnect("disconnected by the user", LEAVE_MS);
      return null;
    },
    "node.reconnect": async ({ session_id, node }) => {
      const ready = await host.nodeWork();
      host.session(session_id).reconnect(node, (added) => targetOf(targetAgain(added), parts), ready);
      return null;
    },
    "node.replace_host_key": async ({ session_id, node: id, confirm, fingerprint }) => {
      const session = host.session(session_id);
      const host_key = session.node(id).changedHostKey();
      const replaced = await replaceHostKey({ host_key, confirm, fingerprint, node: host_key.name });
      session.journal.append([{ type: "host_key.replaced", node: id, ...replaced }]);
      return null;
    },
    "node.stop_leftovers": async (input) => {
      await node(input).stopLeftovers(input.ids);
      return null;
    },
  } satisfies Partial<Handlers>;
}
