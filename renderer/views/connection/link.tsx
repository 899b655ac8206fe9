/** Over which hosts the connection goes, what was negotiated with each, and what is weak about it. */
import { Info, TriangleAlert } from "lucide-react";
import { NOT_TODAY } from "../../../electron/core/ssh/algorithms.ts";
import type { LinkHop, LinkInfo } from "../../../electron/core/ssh/link.ts";
import { NodeText } from "../../ui/node-text.tsx";

const BACKENDS = { ssh2: "bpfdesk's own SSH", openssh: "the system's ssh" } as const;

export function LinkPart({ link }: { link: LinkInfo }) {
  return (
    <section className="part" aria-label="Way to the node">
      <h3>Way to the node</h3>
      <p>
        By {BACKENDS[link.backend]}. <NodeText text={link.why} className="muted" />
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard */}
      <div className="wide-block" tabIndex={0}>
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Host</th>
              <th scope="col">Logged in with</th>
              <th scope="col">Key exchange</th>
              <th scope="col">Host key</th>
              <th scope="col">Cipher</th>
              <th scope="col">MAC</th>
              <th scope="col">Server</th>
            </tr>
          </thead>
          <tbody>
            {link.hops.map((hop) => (
              <HopRow key={hop.host} hop={hop} />
            ))}
          </tbody>
        </table>
      </div>
      <Weak hops={link.hops} />
    </section>
  );
}

function HopRow({ hop }: { hop: LinkHop }) {
  return (
    <tr>
      <th scope="row">
        <NodeText text={hop.host} mono />
      </th>
      <td>{hop.auth.length === 0 ? "not known" : <NodeText text={hop.auth.join(", then ")} />}</td>
      {[hop.kex, hop.host_key, hop.cipher, macOf(hop), hop.server].map((name, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the columns never change places
        <td key={at}>{name === null ? "not known" : <NodeText text={name} mono />}</td>
      ))}
    </tr>
  );
}

/** These ciphers need no MAC: they notice changes by themselves. */
function macOf({ mac, cipher }: LinkHop): string | null {
  return mac === null && cipher !== null && /-gcm@|^chacha20-poly1305/.test(cipher) ? "in the cipher" : mac;
}

function Weak({ hops }: { hops: readonly LinkHop[] }) {
  const weak = hops.flatMap((hop) => hop.weak.map((one) => ({ host: hop.host, ...one })));
  if (weak.length === 0) return <p className="muted">Nothing about it is known to be weak.</p>;
  return (
    <ul className="remarks" aria-label="Weak">
      {weak.map(({ host, what, why }) => (
        <li key={`${host} ${what}`}>
          {why === NOT_TODAY ? (
            <Info size={13} aria-hidden className="severity-info" />
          ) : (
            <TriangleAlert size={13} aria-hidden className="severity-warning" />
          )}
          <span>
            <NodeText text={host} mono />: <NodeText text={what} mono /> – <NodeText text={why} />
          </span>
        </li>
      ))}
    </ul>
  );
}
