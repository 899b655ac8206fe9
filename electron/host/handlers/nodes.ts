/** One node: connect, answer its questions, collect, look into it, leave it. */
import type { Handlers } from "../../shared/rpc/server.ts";
import { targetOf } from "../session/targets.ts";
import type { HostContext } from "./context.ts";
import { mayBeOpened, recentOf } from "./targets.ts";

export function nodeHandlers(host: HostContext) {
  const node = ({ session_id, node }: { session_id: string; node: string }) => host.session(session_id).node(node);
  return {
    "node.connect": async ({ session_id, target }) => {
      mayBeOpened(target, host);
      const found = targetOf(target, { live: host.parts.live, sample: host.sample, app_version: host.version });
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
      await node(input).disconnect("disconnected by the user");
      return null;
    },
  } satisfies Partial<Handlers>;
}
