/** One build for every process: main, preload, host, browser server, CLI, renderer. */
import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "electron-vite";

const at = (path: string) => resolve(import.meta.dirname, "..", path);

export default defineConfig({
  main: {
    build: {
      outDir: at("out/main"),
      // Pure JavaScript libraries are bundled, so that the package ships no node_modules.
      externalizeDeps: false,
      sourcemap: true,
      rolldownOptions: {
        external: ["electron", "cpu-features", /sshcrypto\.node$/],
        input: {
          index: at("electron/main/index.ts"),
          host: at("electron/host/process.ts"),
          server: at("electron/server/main.ts"),
          cli: at("electron/cli/main.ts"),
        },
      },
    },
  },
  preload: {
    build: {
      outDir: at("out/preload"),
      externalizeDeps: false,
      rolldownOptions: {
        input: { index: at("electron/preload/index.ts") },
        // A sandboxed preload must be one CommonJS file.
        output: { format: "cjs", entryFileNames: "[name].cjs" },
      },
    },
  },
  renderer: {
    root: at("renderer"),
    plugins: [react()],
    worker: { format: "es" },
    build: {
      outDir: at("out/renderer"),
      minify: true,
      sourcemap: "hidden",
      // The editor is one large chunk that is loaded when a program's code is opened.
      chunkSizeWarningLimit: 4000,
      rolldownOptions: { input: { index: at("renderer/index.html") } },
    },
  },
});
