/** Addresses and prefixes of both families: which prefix holds an address, and which route an address takes. */
import type { RouteRow } from "../../../parsers/net.route.ts";

interface Prefix {
  bits: 32 | 128;
  value: bigint;
  length: number;
}

/** Null for what is no address, nor one with a prefix length. */
export function prefixOf(text: string): Prefix | null {
  const [address = "", lengthText, ...more] = text.split("/");
  const value = address.includes(":") ? ipv6(address) : ipv4(address);
  if (value === null || more.length > 0) return null;
  const bits = address.includes(":") ? 128 : 32;
  const length = lengthText === undefined ? bits : Number(lengthText);
  if (!/^\d{0,3}$/.test(lengthText ?? "") || length > bits) return null;
  return { bits, value, length };
}

export function holds(prefix: Prefix, address: string): boolean {
  const found = prefixOf(address);
  if (found === null || found.bits !== prefix.bits) return false;
  const rest = BigInt(prefix.bits - prefix.length);
  return found.value >> rest === prefix.value >> rest;
}

/**
 * What a person names as a destination: an address, a prefix, or an address with a port. Null when it is none. An IPv6
 * address with a port has brackets.
 */
export function destinationOf(text: string): { prefix: Prefix; port: number | null } | null {
  const [, inBrackets, afterBrackets] = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text) ?? [];
  const [, bare, afterColon] = /^([\d.]+):(\d{1,5})$/.exec(text) ?? [];
  const prefix = prefixOf(inBrackets ?? bare ?? text);
  const port = afterBrackets ?? afterColon;
  return prefix && { prefix, port: port === undefined ? null : Number(port) };
}

/** The longest prefix that holds the address, of the least metric; null when there is none. */
export function routeTo(address: string, routes: readonly RouteRow[]): RouteRow | null {
  const family = address.includes(":") ? "::/0" : "0.0.0.0/0";
  let best = null as { route: RouteRow; length: number } | null;
  for (const route of routes) {
    // `default` has no family in its name: its gateway has, and a device alone serves either.
    if (route.dst === "default" && (route.gateway ?? address).includes(":") !== address.includes(":")) continue;
    const prefix = prefixOf(route.dst === "default" ? family : route.dst);
    if (prefix === null || !holds(prefix, address)) continue;
    const { length } = prefix;
    const isBetter = !best || length > best.length;
    const isCheaper = best?.length === length && (route.metric ?? 0) < (best.route.metric ?? 0);
    if (isBetter || isCheaper) best = { route, length };
  }
  return best?.route ?? null;
}

function ipv4(text: string): bigint | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return null;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function ipv6(text: string): bigint | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const groups = (half: string | undefined): string[] | null => {
    if (half === undefined || half === "") return [];
    const parts = half.split(":");
    const last = parts.at(-1) ?? "";
    const mapped = last.includes(".") ? ipv4(last) : null;
    if (mapped !== null) parts.splice(-1, 1, (mapped >> 16n).toString(16), (mapped & 0xffffn).toString(16));
    return parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part)) ? parts : null;
  };
  const [head, tail] = [groups(halves[0]), groups(halves[1])];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const all = [...head, ...Array<string>(missing).fill("0"), ...tail];
  return all.reduce((value, part) => (value << 16n) | BigInt(`0x${part}`), 0n);
}
