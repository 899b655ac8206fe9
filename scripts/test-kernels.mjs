/**
 * `npm run test:kernels [KERNEL…] [-- vitest's options]`: the collector and the tracers inside virtual machines with real
 * distribution kernels, two machines at a time. One line a case and kernel; the last line is
 * `Tests: N passed, N failed, N skipped`.
 *
 * A kernel whose packages cannot be had is skipped and said so; with CI=true that is a failure for those that must be there.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KERNELS } from "./kernels/kernels.mjs";
import { ensureDependencies, ensurePackages, node24Path, projectEnv, root, run, runTool, say } from "./lib/setup.mjs";
import { lastWords, readReport } from "./lib/test-report.mjs";

const started = Date.now();
const total = { passed: 0, failed: 0, skipped: 0 };
const names = KERNELS.map(({ name }) => name);
const words = process.argv.slice(2);
const options = words.filter((word) => !names.includes(word));
const wanted = KERNELS.filter(({ name }) => names.every((one) => !words.includes(one)) || words.includes(name));

function finish(code) {
  if (code !== 0 && total.failed === 0) total.failed = 1;
  say(`kernels: ${((Date.now() - started) / 60_000).toFixed(1)} min`);
  process.stdout.write(`\nTests: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
  process.exit(code);
}

/** Is it ready to be started? Said and counted when it is not. */
function made({ name, required }) {
  const build = spawnSync(node24Path(), [join(root, "scripts/kernels/build.mjs"), name], {
    stdio: ["ignore", "inherit", "inherit"],
    env: projectEnv(),
  });
  if (build.status === 0) return true;
  if (build.status !== 3 || (process.env.CI === "true" && required)) {
    total.failed += 1;
    say(`FAILED ${name}: its virtual machine could not be made; the reason is above.`);
  } else {
    total.skipped += 1;
    say(`SKIPPED ${name}: its packages cannot be reached.`);
  }
  return false;
}

async function must(what, done) {
  if ((await done) === 0) return;
  say(`FAILED ${what}`);
  finish(1);
}

ensureDependencies();
for (const list of ["bpf/packages.txt", "test/packages.txt"]) ensurePackages(list);
if (process.platform !== "linux" || process.arch !== "x64" || process.getuid?.() !== 0) {
  say("making and starting the virtual machines needs root on x86_64 Linux.");
  total.skipped = process.env.CI === "true" ? 0 : 1;
  finish(process.env.CI === "true" ? 1 : 0);
}
await must("portable bpftool", run("node", ["scripts/build-tools.mjs"]));
await must("tracers", run("node", ["scripts/build-tracers.mjs", "--arch", "x86_64"]));

const ready = wanted.filter(made);
const reports = mkdtempSync(join(tmpdir(), "bpfdesk-kernels-"));
process.on("exit", () => rmSync(reports, { recursive: true, force: true }));
const file = join(reports, "kernels.json");
const code =
  ready.length === 0
    ? 0
    : await runTool("vitest/vitest.mjs", [
        ...["run", "--project", "kernels", "--reporter=verbose", "--reporter=json", `--outputFile.json=${file}`],
        ...ready.map(({ name }) => `test/kernels/${name}.test.ts`),
        ...options,
      ]);
const report = readReport(file);
if (report) {
  for (const name of ["passed", "failed", "skipped"]) total[name] += report[name];
  const unsteady = report.unsteady.map((what) => `UNSTEADY ${what}`);
  process.stdout.write(lastWords([...unsteady, ...report.failures.map((failure) => `FAILED ${failure}`)]));
}
finish(code !== 0 || total.failed > 0 ? 1 : 0);
