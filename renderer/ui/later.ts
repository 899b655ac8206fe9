/**
 * Components in a file of their own that can be fetched before they are shown.
 *
 * React's `lazy` alone shows the fallback even when the file is there, and takes a fallback that was just
 * shown away only after 300 ms (FALLBACK_THROTTLE_MS of react-reconciler).
 */
import { type ComponentType, lazy, useState } from "react";

export interface Later<P> {
  /** Fetches the file. A failure is left to be seen when the component is shown. */
  preload(): void;
  /** The component itself when it is there, else one that suspends until it is. */
  component(): ComponentType<P>;
}

/** A component that is fetched when it is first shown, or by `preload()` before. */
export function later<P extends object>(load: () => Promise<{ default: ComponentType<P> }>): Later<P> {
  let loaded: ComponentType<P> | null = null;
  const fetch = async () => {
    const module = await load();
    loaded = module.default;
    return module;
  };
  const fetched = lazy(fetch);
  return {
    preload: () => void fetch().catch(() => {}),
    component: () => loaded ?? fetched,
  };
}

/** The component to show. Chosen once: another one in its place would lose the state of what is shown. */
export function useLater<P>(one: Later<P>): ComponentType<P> {
  const [component] = useState(one.component);
  return component;
}
