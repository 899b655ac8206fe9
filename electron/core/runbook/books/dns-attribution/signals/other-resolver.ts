/** It asks somebody else than it is told to. */
import type { Datapath } from "../../../../model/types.ts";
import type { RunbookVerdict } from "../../../types.ts";
import { type Asker, isCalledResolver } from "../askers.ts";
import type { Ground } from "../ground.ts";
import { plainAddress, type Query } from "../queries.ts";
import { by, resolversText } from "../table.ts";
import { nothing, type Signal, signalVerdict } from "./signal.ts";

const ID = "other-resolver";

export const otherResolver: Signal = {
  id: ID,
  judge(asker, ground) {
    const { servers, from, own, command_id } = expected(asker, ground);
    if (servers.length === 0) return nothing(null);
    const odd = asker.queries.filter(({ resolver }) => resolver !== null && !servers.includes(resolver));
    if (odd.length === 0) return nothing(null);
    const rewriting = rewrites(ground.state.datapath, asker.place.cgroup);
    const told = `configured: ${servers.join(", ")} (${from})`;
    return {
      figure: null,
      verdict: signalVerdict(asker, ground, {
        signal: ID,
        ...judged(asker, odd, { servers, own, rewriting: rewriting.length > 0 }),
        facts: [
          `${odd.length} of ${asker.queries.length} queries ${resolversText(odd)}`,
          ...(command_id === null ? [told] : []),
          ...(rewriting.length > 0
            ? [`programs that can rewrite addresses before a packet is sent: ${rewriting.join(", ")}`]
            : []),
        ],
        evidence: command_id === null ? [] : [{ text: told, source: { kind: "command", command_id } }],
        advice: null,
      }),
    };
  },
};

function judged(
  asker: Asker,
  odd: readonly Query[],
  { servers, own, rewriting }: { servers: readonly string[]; own: boolean; rewriting: boolean },
): Pick<RunbookVerdict, "verdict" | "meaning" | "missing"> {
  const addresses = by(odd, ({ resolver }) => resolver ?? "").map(([address]) => address);
  const asked = addresses.join(", ");
  const others = `It asks ${asked} although it is told to ask others. Tools that are given a server (dig @…), images with a resolver of their own and malware do so; network policy for DNS does not cover it.`;
  if (isCalledResolver(asker)) {
    return {
      verdict: "cannot_tell",
      meaning: "It bears a resolver's name, and resolvers have a configuration of their own for whom they ask.",
      missing: [`Whether ${asked} is in the configuration of ${asker.program}.`],
    };
  }
  if (rewriting) {
    // Pods have addresses of their cluster; only nodes, whose network some resolvers use, may have public ones.
    if (!addresses.every(isLocal)) {
      return {
        verdict: "likely",
        meaning: `${others} That a program of the network plugin put it in the place of the configured one at connect or sendmsg would need a resolver of this cluster with a public address.`,
        missing: [],
      };
    }
    return {
      verdict: "cannot_tell",
      meaning:
        "It may have asked the configured address: a program of the network plugin replaces the address of a service by that of a pod behind it at connect or sendmsg, before the tracer can see it.",
      missing: [`Whether ${asked} is a pod behind ${servers.join(", ")}.`],
    };
  }
  if (!own) {
    return {
      verdict: "likely",
      meaning: `It asks ${asked}, which is not what is usual here; its own resolv.conf was not read, and a pod may have a dnsPolicy or dnsConfig of its own.`,
      missing: [],
    };
  }
  // Of a query on a socket that is not connected and that nobody answered, the address is known after translation only.
  const sure = odd.some(({ outcome, transport }) => outcome === "answered" || transport === "tcp");
  return { verdict: sure ? "confirmed" : "likely", meaning: others, missing: [] };
}

/** Private, shared (RFC 6598), link-local, loopback, and unique local addresses (RFC 4193). */
function isLocal(address: string): boolean {
  return /^(10|127)\.|^192\.168\.|^169\.254\.|^172\.(1[6-9]|2\d|3[01])\.|^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|^f[cd]|^fe[89ab]|^::1$/.test(
    address,
  );
}

function expected(
  { configured }: Asker,
  { question }: Ground,
): { servers: string[]; from: string; own: boolean; command_id: string | null } {
  if (question.resolvers.length > 0) {
    return { servers: question.resolvers.map(plainAddress), from: "as it was given", own: true, command_id: null };
  }
  return configured ?? { servers: [], from: "", own: false, command_id: null };
}

/** Names of programs on connect and sendmsg of its cgroup or one above it. */
function rewrites(datapath: Datapath | null, cgroup: string): string[] {
  const above = (path: string) => path === "/" || cgroup === path || cgroup.startsWith(`${path}/`);
  return (datapath?.cgroups ?? []).flatMap(({ attach_type, cgroup: path, prog_id }) => {
    // bpftool 7 says cgroup_inet4_connect and cgroup_udp4_sendmsg, earlier ones connect4 and sendmsg4.
    if (!/connect|sendmsg/.test(attach_type) || !above(path)) return [];
    const program = datapath?.programs.find(({ id }) => id === prog_id);
    return [`${program?.name || `program ${prog_id}`} (${attach_type} of ${path})`];
  });
}
