/** Builds `out/` when it is missing or older than what it is made from. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, root, runTool, say } from "./setup.mjs";

const sources = ["electron", "renderer", "package-lock.json"];
const stampFile = join(root, "out/.stamp");

/** Names, sizes and times of all sources: cheap, and changes with every edit. */
function stamp() {
  const hash = createHash("sha256");
  const visit = (path) => {
    const info = statSync(path);
    if (info.isDirectory()) {
      for (const name of readdirSync(path).sort()) if (name !== "node_modules") visit(join(path, name));
    } else hash.update(`${path}\0${info.size}\0${info.mtimeMs}\n`);
  };
  for (const source of sources) visit(join(root, source));
  return hash.digest("hex");
}

export async function ensureBuild() {
  const wanted = stamp();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === wanted) return;
  say("building …");
  const code = await runTool("electron-vite/bin/electron-vite.js", [
    "build",
    "-c",
    "electron/vite.config.ts",
    "--logLevel",
    "warn",
  ]);
  if (code !== 0) fail("the build failed; its message is above.");
  mkdirSync(join(root, "out"), { recursive: true });
  writeFileSync(stampFile, wanted);
}
