/**
 * The part of Electron the app uses, as one value, so that a recording fake can stand in for it.
 * Types only.
 */
import type * as Electron from "electron";

export type ElectronApi = Pick<
  typeof Electron,
  | "app"
  | "BrowserWindow"
  | "dialog"
  | "ipcMain"
  | "Menu"
  | "MessageChannelMain"
  | "powerMonitor"
  | "protocol"
  | "safeStorage"
  | "screen"
  | "session"
  | "shell"
  | "utilityProcess"
>;

/** Where the parts of the app lie. */
export interface AppPaths {
  preload: string;
  renderer: string;
  host: string;
  resources: string;
}
