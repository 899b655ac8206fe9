/** Keys of the model's things: one place, so that a thing has the same key wherever it is named. */
import type { HookName, Key } from "../types.ts";

export const programKey = (id: number): Key => `prog:${id}`;
export const mapKey = (id: number): Key => `map:${id}`;
export const linkKey = (id: number): Key => `link:${id}`;
export const podKey = (uid: string): Key => `pod:${uid}`;
export const ifaceKey = (netns: string, ifindex: number): Key => `if:${netns}:${ifindex}`;
export const hookKey = (iface: Key, hook: HookName): Key => `${iface}:${hook}`;

/**
 * Makes keys unique within one list: the second holder of a key gets `#2`. Needed where the node itself
 * offers nothing to tell two things apart (a listing without handles).
 */
export function uniqueKeys(): (key: Key) => Key {
  const seen = new Map<Key, number>();
  return (key) => {
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? key : `${key}#${count}`;
  };
}
