/** What the typed text means, asked of the host a moment after the last key. */
import { useEffect, useState } from "react";
import type { ExpandedTargets } from "../../electron/shared/contract.ts";
import { errorData } from "../host/error-data.ts";
import { host } from "../host/link.ts";

const AFTER_MS = 250;
/** Only such text can mean anything but one host as it stands. */
const MAYBE_SEVERAL = /[\s,*?!@:]/;

export interface Expansion {
  /** The text it belongs to; another one than what is typed now is on its way. */
  text: string;
  meaning: ExpandedTargets;
}

/** Null while nothing is typed that could be several nodes. */
export function useExpansion(text: string): Expansion | null {
  const [found, setFound] = useState<Expansion | null>(null);
  const typed = text.trim();
  const ask = MAYBE_SEVERAL.test(typed);
  useEffect(() => {
    if (!ask) {
      setFound(null);
      return;
    }
    const stop = new AbortController();
    const timer = setTimeout(() => {
      expand(typed, stop.signal).then(
        (meaning) => setFound({ text: typed, meaning }),
        (error: unknown) => {
          if (stop.signal.aborted) return;
          setFound({ text: typed, meaning: { targets: [], problems: [errorData(error)], one: false, group: null } });
        },
      );
    }, AFTER_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [typed, ask]);
  return found;
}

/** The meaning of a text at once, e.g. when Enter is pressed. */
export function expand(text: string, signal?: AbortSignal): Promise<ExpandedTargets> {
  return host().client.call("targets.expand", { text }, signal ? { signal } : {});
}
