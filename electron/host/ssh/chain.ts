/** The hosts to log in to, one after the other, to reach a node: ProxyJump resolved as OpenSSH does. Connects to nothing. */
import { BpfdeskError } from "../../core/errors.ts";
import { type ResolvedHost, type ResolveOptions, resolveHost } from "./resolve.ts";
import { nodeName } from "./target.ts";

/** Of hosts that lead to ever new ones; a circle is found at once. */
const MAX_HOPS = 32;

/** In order; the last is the node. Rejects with `proxy-jump` when the hosts lead round in a circle, and as `resolveHost`. */
export async function resolveChain(text: string, options: ResolveOptions): Promise<ResolvedHost[]> {
  return resolveBefore(text, options, []);
}

/** `after`: names of the hosts that are reached through this one. */
async function resolveBefore(text: string, options: ResolveOptions, after: string[]): Promise<ResolvedHost[]> {
  const resolved = await resolveHost(text, options);
  const name = nodeName(resolved.user, resolved.hostname.toLowerCase(), resolved.port);
  if (after.includes(name) || after.length >= MAX_HOPS) throw circle(text, [...after, name]);
  const [first, ...others] = resolved.proxy_jump;
  if (first === undefined) return [resolved];
  // As OpenSSH: the first hop may have hops of its own, the others are reached through the one before.
  const chain = await resolveBefore(first, options, [...after, name]);
  for (const hop of others) chain.push(await resolveHost(hop, options));
  return [...chain, resolved];
}

function circle(text: string, names: string[]): BpfdeskError {
  const shown = names.length > 6 ? [...names.slice(0, 3), "…", ...names.slice(-2)] : names;
  return new BpfdeskError({
    code: "proxy-jump",
    message: `The way to ${names[0] ?? text} leads round in a circle: ${shown.join(" behind ")}.`,
    hint: "Check ProxyJump in ~/.ssh/config: a jump host that a pattern such as Host * covers needs ProxyJump none.",
    phase: "resolving",
    node: names[0] ?? text,
  });
}
