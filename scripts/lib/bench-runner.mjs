/**
 * Runs every file of test/bench (or those named: `tracers` is also every tracers-….bench.ts), one after the other, through Vite so
 * that core loads as built.
 */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { runnerImport } from "vite";
import { root } from "./setup.mjs";

const folder = join(root, "test/bench");
const wanted = process.argv.slice(2);
const names = readdirSync(folder)
  .filter((name) => name.endsWith(".bench.ts"))
  .map((name) => basename(name, ".bench.ts"))
  .filter((name) => wanted.length === 0 || wanted.some((one) => name === one || name.startsWith(`${one}-`)));
if (names.length === 0) {
  process.stderr.write(`bench: nothing named ${wanted.join(", ")}\n`);
  process.exit(1);
}

let failed = false;
for (const name of names) {
  const { module } = await runnerImport(join(folder, `${name}.bench.ts`), {
    configFile: false,
    root,
    logLevel: "error",
  });
  process.stdout.write(`\n${module.default.title}\n`);
  try {
    for (const { label, value } of await module.default.run()) process.stdout.write(`  ${label.padEnd(64)} ${value}\n`);
  } catch (error) {
    failed = true;
    process.stdout.write(
      `  could not be measured: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`,
    );
  }
}
process.exit(failed ? 1 : 0);
