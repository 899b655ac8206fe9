import { describe, expect, it } from "vitest";
import { type BackendFacts, chooseBackend } from "./backend.ts";
import type { ResolvedHost } from "./resolve.ts";

const plain = { identities_only: false, certificate_files: [] as string[] };
const nothing: BackendFacts = { identities: [], agent: null, known: { plain: true, authority: false }, ticket: false };

function choose(config: Record<string, string>, facts: Partial<BackendFacts> = {}, more: Partial<ResolvedHost> = {}) {
  const lines = new Map(Object.entries(config).map(([name, value]) => [name, [value]]));
  const resolved = { ...plain, config: lines, ...more } as ResolvedHost;
  return chooseBackend(resolved, { ...nothing, ...facts });
}

const key = { file: "/k", type: "ssh-ed25519", certificate: null };

describe("chooseBackend", () => {
  it("takes bpfdesk's own connection where nothing speaks against it", () => {
    expect(choose({}, { identities: [key], agent: ["ssh-ed25519"] })).toEqual({
      backend: "ssh2",
      why: "bpfdesk's own connection does all this host asks for.",
    });
  });

  it.each<[string, Parameters<typeof choose>, RegExp]>([
    [
      "a certificate of the configuration",
      [{}, {}, { certificate_files: ["/c-cert.pub"] }],
      /the certificate \/c-cert/,
    ],
    [
      "a certificate beside a key",
      [{}, { identities: [{ ...key, certificate: "/k-cert.pub" }] }],
      /\/k-cert\.pub is a/,
    ],
    ["a security key", [{}, { identities: [{ ...key, type: "sk-ssh-ed25519@openssh.com" }] }], /security key \(FIDO\)/],
    ["a security key of the agent", [{}, { agent: ["sk-ssh-ed25519@openssh.com"] }], /agent holds a key in a security/],
    ["a certificate of the agent", [{}, { agent: ["ssh-ed25519-cert-v01@openssh.com"] }], /agent holds a certificate/],
    ["a host known by its authority", [{}, { known: { plain: false, authority: true } }], /certificate authority only/],
    ["post-quantum key exchange only", [{ kexalgorithms: "mlkem768x25519-sha256" }], /the key exchange mlkem768/],
    ["an unknown cipher only", [{ ciphers: "aes256-future" }], /only the cipher aes256-future/],
    ["an unknown MAC only", [{ macs: "umac-128-etm@openssh.com" }], /only the MAC umac-128/],
    ["host certificates only", [{ hostkeyalgorithms: "ssh-ed25519-cert-v01@openssh.com" }], /only host certificates/],
    ["DSA host keys only", [{ hostkeyalgorithms: "ssh-dss" }], /only the host key algorithm ssh-dss/],
    ["a smart card", [{ pkcs11provider: "/p.so" }], /smart card/],
    ["a list of revoked keys", [{ revokedhostkeys: "/r" }], /RevokedHostKeys/],
    ["a list of revoked keys, whatever was asked for", [{ revokedhostkeys: "/r" }, { requested: "ssh2" }], /Revoked/],
    ["a program that knows host keys", [{ knownhostscommand: "/p" }], /KnownHostsCommand/],
    ["a ticket", [{ gssapiauthentication: "yes" }, { ticket: true }], /Kerberos ticket/],
    ["a wish", [{}, { requested: "openssh" }], /asked for/],
  ])("takes the system's ssh for %s, and says so", (_, given, why) => {
    expect(choose(...given)).toEqual({ backend: "openssh", why: expect.stringMatching(why) });
  });

  it.each<[string, Parameters<typeof choose>]>([
    ["the agent's certificate may not be used", [{}, { agent: ["x-cert-v01@o"] }, { identities_only: true }]],
    ["a plain key of the host is known too", [{}, { known: { plain: true, authority: true } }]],
    ["some of what is allowed is known to it", [{ kexalgorithms: "mlkem768x25519-sha256,curve25519-sha256" }]],
    ["there is no ticket", [{ gssapiauthentication: "yes" }]],
    ["it was asked for, whatever else", [{ ciphers: "none" }, { requested: "ssh2" }]],
  ])("takes bpfdesk's own where %s", (_, given) => {
    expect(choose(...given).backend).toBe("ssh2");
  });
});
