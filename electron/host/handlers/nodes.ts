/** One node: connect, answer its questions, collect, look into it, leave it. */
import { BpfdeskError } from "../../core/errors.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { targetOf } from "../session/targets.ts";
import type { HostContext } from "./context.ts";

export function nodeHandlers(host: HostContext) {
  const node = ({ session_id, node }: { session_id: string; node: string }) => host.session(session_id).node(node);
  return {
    "node.connect": async ({ session_id, target }) => {
      if (target.kind === "file" && host.mode === "browser") {
        throw new BpfdeskError({
          code: "not-in-browser",
          message: "Files are not opened by name from a browser.",
          hint: "Choose the file in the page; its content is sent.",
        });
      }
      const found = targetOf(target, { live: host.parts.live, sample: host.sample, app_version: host.version });
      const ready = await host.nodeWork();
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
