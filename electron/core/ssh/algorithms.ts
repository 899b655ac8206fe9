/**
 * What is weak about the algorithms of an SSH connection, in words a person can weigh. Pure; knows names
 * only, so what a name does not tell (the length of an RSA key, say) is not judged. NIST curves are not weak.
 */

export interface Negotiated {
  /** By their SSH names, `null` when not known; two names joined by `, ` when the directions differ. */
  kex: string | null;
  host_key: string | null;
  cipher: string | null;
  mac: string | null;
  /** Whether both sides count packets strictly while keys are exchanged; absent when not known. */
  strict_kex?: boolean;
}

export interface Weakness {
  what: string;
  why: string;
}

interface Rule {
  of: "kex" | "host_key" | "cipher" | "mac";
  name: RegExp;
  why: string;
}

/** The first rule that fits a name is told. */
const RULES: Rule[] = [
  // RFC 9142 section 3.2: 1024 bits MUST NOT be used; SHA-1 SHOULD NOT be.
  { of: "kex", name: /group1-sha1/, why: "its 1024-bit group can be broken by those with great means (Logjam)" },
  { of: "kex", name: /-sha1$|gss-.*-sha1-/, why: "SHA-1 is broken; RFC 9142 advises against it" },
  // RFC 8332, and OpenSSH 8.8's release notes: a chosen-prefix collision costs less than 50 000 dollars.
  {
    of: "host_key",
    name: /^ssh-rsa(-cert-v01@openssh\.com)?$/,
    why: "it signs with SHA-1, for which forgeries can be bought",
  },
  { of: "host_key", name: /^ssh-dss/, why: "DSA keys have 1024 bits and SHA-1; OpenSSH has dropped them" },
  // RFC 8758 (arcfour); RFC 8429 and Sweet32, CVE-2016-2183 (64-bit blocks).
  { of: "cipher", name: /^arcfour/, why: "RC4 leaks what it encrypts (RFC 8758)" },
  {
    of: "cipher",
    name: /^(3des|blowfish|cast128|idea)/,
    why: "blocks of 64 bits repeat within hours of traffic (Sweet32)",
  },
  // CVE-2008-5161: OpenSSH has countermeasures, the mode is off by default since 6.7.
  { of: "cipher", name: /-cbc(@|$)/, why: "CBC mode lets somebody on the line guess bits of the text (CVE-2008-5161)" },
  { of: "cipher", name: /^none$/, why: "nothing is encrypted" },
  // RFC 6151, RFC 9142 by analogy; truncated tags are easier to forge.
  { of: "mac", name: /^hmac-md5/, why: "MD5 is broken (RFC 6151)" },
  { of: "mac", name: /^hmac-sha1/, why: "SHA-1 is out of date; no forgery of its HMAC is known" },
  { of: "mac", name: /^umac-64/, why: "tags of 64 bits are short" },
  { of: "mac", name: /^none$/, why: "changes on the way are not noticed" },
];

/** Post-quantum hybrids: OpenSSH 8.5 and 9.9, draft-ietf-sshm-mlkem-hybrid-kex. */
const POST_QUANTUM = /^(sntrup761|sntrup4591761|mlkem)/;

/** Said of what is no fault of today's. */
export const NOT_TODAY =
  "a note, not a fault of today: recorded traffic could be decrypted later by a quantum computer";

/** What is weak, the worst kinds first; the last may be a mere note about the far future. Empty when all is well. */
export function weakOf(negotiated: Negotiated): Weakness[] {
  const { kex, cipher, mac, strict_kex } = negotiated;
  const found: Weakness[] = [];
  for (const kind of ["kex", "host_key", "cipher", "mac"] as const) {
    for (const name of names(negotiated[kind])) {
      const rule = RULES.find((one) => one.of === kind && one.name.test(name));
      if (rule !== undefined) found.push({ what: name, why: rule.why });
    }
  }
  const cut = names(cipher).find(
    (name) => /^chacha20-poly1305/.test(name) || (/-cbc(@|$)/.test(name) && /-etm@/.test(mac ?? "")),
  );
  // https://terrapin-attack.com, CVE-2023-48795: both sides must know the countermeasure.
  if (cut !== undefined && strict_kex === false) {
    found.push({
      what: cut,
      why: "without strict key exchange somebody on the line can cut off its beginning (Terrapin)",
    });
  }
  for (const name of names(kex)) {
    if (POST_QUANTUM.test(name)) continue;
    found.push({ what: name, why: NOT_TODAY });
  }
  return found;
}

function names(value: string | null): string[] {
  return value === null || value === "" ? [] : [...new Set(value.split(", "))];
}
