/**
 * Entries of Cilium's policy and ipcache maps, from their bytes. The layouts are told by the size of the key (bpf/lib/policy.h and
 * eps.h of Cilium; with prefixes since 1.16); of any other size nothing is said. Numbers are of a little-endian node, as both
 * architectures are that bpfdesk knows; ports and addresses are in network order.
 */

export interface PolicyEntry {
  /** 0 stands for any. */
  identity: number;
  egress: boolean;
  /** 0 stands for any, as does `port`. */
  protocol: number;
  port: number;
  /** How many leading bits of the port count, 16 for one port alone. */
  port_bits: number;
  /** Null where the value's layout does not tell. */
  deny: boolean | null;
}

export interface Prefix {
  /** Of 4 or 16 bytes. */
  address: Uint8Array;
  bits: number;
  identity: number;
}

export const POLICY_KEYS: readonly number[] = [8, 12];
export const IPCACHE_KEYS: readonly number[] = [8, 24];
/** Identity, direction and protocol, before the port, in bits of the longer key's prefix. */
const BEFORE_PORT = 48;

export function policyEntry(key: unknown, value: unknown): PolicyEntry | null {
  const k = bytesOf(key);
  const v = bytesOf(value);
  if (k === null) return null;
  const view = new DataView(k.buffer);
  const deny = deniesOf(v);
  if (k.length === 8) {
    const [protocol, egress, port] = [view.getUint8(6), view.getUint8(7), view.getUint16(4)];
    return {
      identity: view.getUint32(0, true),
      egress: (egress & 1) === 1,
      protocol,
      port,
      port_bits: port === 0 ? 0 : 16,
      deny,
    };
  }
  if (k.length !== 12) return null;
  const bits = Math.min(16, Math.max(0, view.getUint32(0, true) - BEFORE_PORT));
  const [egress, protocol] = [view.getUint8(8) & 1, view.getUint8(9)];
  return {
    identity: view.getUint32(4, true),
    egress: egress === 1,
    protocol,
    port: view.getUint16(10),
    port_bits: bits,
    deny,
  };
}

/** Proxy port (2), flags with `deny` first, kind of authentication, then counters: 24 bytes. */
function deniesOf(value: Uint8Array | null): boolean | null {
  return value?.length === 24 ? ((value[2] ?? 0) & 1) === 1 : null;
}

export function ipcacheEntry(key: unknown, value: unknown): Prefix | null {
  const k = bytesOf(key);
  const v = bytesOf(value);
  if (k === null || v === null || v.length < 4) return null;
  const view = new DataView(k.buffer);
  const identity = new DataView(v.buffer).getUint32(0, true);
  const prefix = view.getUint32(0, true);
  if (k.length === 8) return prefix > 32 ? null : { address: k.slice(4), bits: prefix, identity };
  if (k.length !== 24) return null;
  // Cluster, padding and family come before the address and count as 32 bits of the prefix.
  const family = view.getUint8(7);
  const bits = prefix - 32;
  if (family === 1 && bits >= 0 && bits <= 32) return { address: k.slice(8, 12), bits, identity };
  return family === 2 && bits >= 0 && bits <= 128 ? { address: k.slice(8), bits, identity } : null;
}

/** The longest prefix that holds the address; null when none does. */
export function identityOf(address: string, prefixes: readonly Prefix[]): Prefix | null {
  const bytes = addressBytes(address);
  if (bytes === null) return null;
  const held = prefixes.filter(
    (one) => one.address.length === bytes.length && startsSame(one.address, bytes, one.bits),
  );
  return held.toSorted((a, b) => b.bits - a.bits)[0] ?? null;
}

/** True when this entry is about such a packet. */
export function isAbout(
  entry: PolicyEntry,
  packet: { identity: number; egress: boolean; protocol: number; port: number },
): boolean {
  const shift = 16 - entry.port_bits;
  return (
    entry.egress === packet.egress &&
    (entry.identity === 0 || entry.identity === packet.identity) &&
    (entry.protocol === 0 || entry.protocol === packet.protocol) &&
    entry.port >> shift === packet.port >> shift
  );
}

function startsSame(one: Uint8Array, other: Uint8Array, bits: number): boolean {
  for (let bit = 0; bit < bits; bit++) {
    const mask = 0x80 >> (bit & 7);
    if (((one[bit >> 3] ?? 0) & mask) !== ((other[bit >> 3] ?? 0) & mask)) return false;
  }
  return true;
}

/** IPv4 and IPv6 as the tracer prints them; null for anything else. */
function addressBytes(text: string): Uint8Array | null {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return Uint8Array.from(text.split("."), Number);
  if (!/^[0-9a-f:]{2,39}$/i.test(text) || !text.includes(":")) return null;
  const [head = "", tail] = text.split("::");
  const words = (part: string) => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)));
  const [front, back] = [words(head), words(tail ?? "")];
  const gap = 8 - front.length - back.length;
  if (gap < 0 || (tail === undefined && gap > 0)) return null;
  return Uint8Array.from(
    [...front, ...new Array<number>(gap).fill(0), ...back].flatMap((word) => [word >> 8, word & 0xff]),
  );
}

/** Hexadecimal, with or without `0x` or spaces between. */
function bytesOf(value: unknown): Uint8Array | null {
  if (typeof value !== "string") return null;
  const digits = value.replace(/^0x/, "").replaceAll(" ", "");
  return /^(?:[0-9a-f]{2})+$/i.test(digits)
    ? Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
    : null;
}
