/**
 * The table of docs/design/0001-architecture.md, executed: deny by default, each zone lists what it
 * may import. A new npm package that no zone lists is an error, on purpose.
 */
const zones = {
  core: { path: "^electron/core/", zones: ["core"], packages: ["zod"] },
  shared: { path: "^electron/shared/", zones: ["shared", "core"], packages: ["zod", "msgpackr"] },
  host: {
    path: "^electron/host/",
    zones: ["host", "shared", "core"],
    packages: ["zod", "yaml", "ssh2", "ssh-config", "bcrypt-pbkdf"],
    node: true,
  },
  server: {
    path: "^electron/server/",
    zones: ["server", "host", "shared", "core"],
    packages: ["ws", "zod"],
    node: true,
  },
  cli: { path: "^electron/cli/", zones: ["cli", "host", "shared", "core"], packages: ["commander"], node: true },
  // `import type` of the host's contract is fine; main starts the host as a process, it does not contain it.
  main: { path: "^electron/main/", zones: ["main", "shared", "core"], packages: ["electron"], node: true },
  preload: { path: "^electron/preload/", zones: ["preload", "shared"], packages: ["electron"] },
  renderer: {
    path: "^renderer/",
    zones: ["renderer", "shared", "core"],
    packages: [
      "react",
      "react-dom",
      "react-aria-components",
      "react-aria",
      "react-stately",
      "flexlayout-react",
      "@tanstack/react-virtual",
      "lucide-react",
      "zustand",
      "monaco-editor",
      "@xterm/xterm",
      "uplot",
    ],
  },
};
const zonePath = { ...Object.fromEntries(Object.entries(zones).map(([name, zone]) => [name, zone.path])) };

/** One npm package, one door. */
const doors = {
  ssh2: "^electron/host/ssh/",
  "ssh-config": "^electron/host/ssh/",
  "bcrypt-pbkdf": "^electron/host/ssh/",
  "node:sqlite": "^electron/host/journal/",
  ws: "^electron/server/",
  "monaco-editor": "^renderer/editor/",
  "@xterm/xterm": "^renderer/terminal/",
  uplot: "^renderer/chart/",
};

const packagePath = (names) =>
  `(^|/)node_modules/(@types/)?(${names.map((n) => n.replace("/", "\\/")).join("|")})(/|$)`;
/** The static file handler is shared between the browser server and app://, and is the one such piece. */
const sharedStatic = "^electron/server/static";

const zoneRules = Object.entries(zones).map(([name, zone]) => ({
  name: `${name}-imports-only-what-its-zone-allows`,
  severity: "error",
  from: { path: zone.path, pathNot: "\\.test\\.tsx?$" },
  to: {
    dependencyTypesNot: zone.node ? ["core"] : [],
    pathNot: [
      ...zone.zones.map((other) => zonePath[other]),
      packagePath(zone.packages),
      ...(name === "main" ? [sharedStatic] : []),
      // The version is data.
      ...(zone.node ? ["^package\\.json$"] : []),
      // Styles and workers are the bundler's business.
      ...(name === "renderer" ? ["\\.css$"] : []),
    ],
  },
}));

const doorRules = Object.entries(doors).map(([name, door]) => ({
  name: `${name.replace(/[^a-z0-9]/g, "-")}-has-one-door`,
  severity: "error",
  from: { path: "^(electron|renderer)/", pathNot: [door, "\\.test\\.tsx?$"] },
  to: { path: name.startsWith("node:") ? `^(node:)?${name.slice(5)}$` : `(^|/)node_modules/(@types/)?${name}(/|$)` },
}));

export default {
  forbidden: [
    ...zoneRules,
    ...doorRules,
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "tests-are-not-imported",
      severity: "error",
      from: { pathNot: "\\.test\\.tsx?$" },
      to: { path: "(\\.test\\.tsx?$|^test/)" },
    },
    {
      name: "nothing-unresolved",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "\\?(worker|url|raw)" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
