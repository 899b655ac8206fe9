/** Tracers: which there are, what a node's kernel offers them, start, stop, and what they have seen. */
import { BpfdeskError } from "../../core/errors.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import type { HostContext } from "./context.ts";

export function traceHandlers(host: HostContext) {
  return {
    "tracers.list": () => host.tracers(),
    "tracers.check": () => notBundled(),
    "trace.start": () => notBundled(),
    "trace.stop": () => notBundled(),
    "trace.rows": () => notBundled(),
  } satisfies Partial<Handlers>;
}

function notBundled(): never {
  throw new BpfdeskError({
    code: "tracers-not-bundled",
    message: "This installation holds no tracers.",
    hint: "Make them with npm run build:tracers (on Debian).",
  });
}
