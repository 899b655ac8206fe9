/** Tracers: which there are, what a node's kernel offers them, start, stop, and what they have seen. */
import { BpfdeskError } from "../../core/errors.ts";
import { validateParams } from "../../core/trace/params.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import type { HostContext } from "./context.ts";

export function traceHandlers(host: HostContext) {
  const tracing = ({ session_id, node }: { session_id: string; node: string }) =>
    host.session(session_id).node(node).tracing();
  return {
    "tracers.list": () => host.tracers(),
    "tracers.check": (input, { signal }) => tracing(input).check(signal),
    "trace.start": async (input) => {
      const { tracer, params, for_s, events, budget_pct } = input;
      validateParams(await manifestOf(host, tracer), params);
      return tracing(input).start({ tracer, params, limits: { for_s, events, budget_pct } });
    },
    "trace.stop": (input) => {
      tracing(input).stop(input.trace_id);
      return null;
    },
    "trace.rows": ({ session_id, trace_id, record, ...query }) =>
      host.session(session_id).traces.rows(trace_id, record, query),
    "trace.lines": ({ session_id, trace_id }, { signal }) => host.session(session_id).traces.lines(trace_id, signal),
  } satisfies Partial<Handlers>;
}

/** Throws `no-such-tracer`. */
async function manifestOf(host: HostContext, name: string) {
  const all = await host.tracers();
  const found = all.find((one) => one.name === name);
  if (found) return found;
  throw new BpfdeskError({
    code: "no-such-tracer",
    message: `There is no tracer called ${JSON.stringify(name)}.`,
    hint:
      all.length === 0
        ? "This installation holds no tracers: make them with npm run build:tracers (on Debian)."
        : `There are: ${all.map((one) => one.name).join(", ")}.`,
  });
}
