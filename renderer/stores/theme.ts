/** Light, dark or the system's theme; kept in this browser. Sets `color-scheme` on the document. */
import { useSyncExternalStore } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";

export type Theme = "system" | "light" | "dark";

const systemDark = matchMedia("(prefers-color-scheme: dark)");
const STORAGE_KEY = "bpfdesk.theme";

export const themeStore = createStore<{ theme: Theme }>(() => ({ theme: stored() }));

/** Applies the theme now and remembers it. */
export function setTheme(theme: Theme): void {
  localStorage.setItem(STORAGE_KEY, theme);
  themeStore.setState({ theme });
  applyTheme();
}

/** Goes to the other of light and dark, from whichever is on screen. */
export function toggleTheme(): void {
  setTheme(isDark() ? "light" : "dark");
}

/** Puts the stored theme on the document; called once at start. */
export function applyTheme(): void {
  const { theme } = themeStore.getState();
  document.documentElement.style.colorScheme = theme === "system" ? "light dark" : theme;
}

/** Whether the page is dark now. */
export function isDark(): boolean {
  const { theme } = themeStore.getState();
  return theme === "system" ? systemDark.matches : theme === "dark";
}

/** The chosen theme. */
export function useTheme(): Theme {
  return useStore(themeStore, (state) => state.theme);
}

function stored(): Theme {
  const value = localStorage.getItem(STORAGE_KEY);
  return value === "light" || value === "dark" ? value : "system";
}

/** Whether the page is dark, for what cannot follow `color-scheme` by itself. */
export function useDark(): boolean {
  const theme = useTheme();
  const system = useSyncExternalStore(
    (changed) => {
      systemDark.addEventListener("change", changed);
      return () => systemDark.removeEventListener("change", changed);
    },
    () => systemDark.matches,
  );
  return theme === "system" ? system : theme === "dark";
}
