/** The application menu: what the system expects. The app's own commands are in its palette. */
import type { MenuItemConstructorOptions } from "electron";

export function menuTemplate(options: { mac: boolean; packaged: boolean }): MenuItemConstructorOptions[] {
  const developer: MenuItemConstructorOptions[] = options.packaged
    ? []
    : [{ type: "separator" }, { role: "toggleDevTools" }];
  return [
    ...(options.mac ? [{ role: "appMenu" } as const] : []),
    { label: "&File", submenu: [{ role: options.mac ? "close" : "quit" }] },
    { role: "editMenu" },
    {
      label: "&View",
      submenu: [
        { role: "reload" },
        { type: "separator" },
        { role: "resetZoom" },
        { role: "zoomIn" },
        { role: "zoomOut" },
        { type: "separator" },
        { role: "togglefullscreen" },
        ...developer,
      ],
    },
    { role: "windowMenu" },
  ];
}
