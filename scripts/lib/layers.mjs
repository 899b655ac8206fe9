/**
 * Runs dependency-cruiser over the product's folders and refuses to pass when it saw no modules:
 * a parser that silently reads nothing would otherwise look like a clean tree.
 * Usage: node scripts/lib/layers.mjs [--root DIR]
 */
import { resolve } from "node:path";
import { cruise } from "dependency-cruiser";
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config";
import rules from "../../.dependency-cruiser.mjs";

const at = process.argv.indexOf("--root");
const base = at < 0 ? resolve(import.meta.dirname, "../..") : resolve(process.argv[at + 1]);
process.chdir(base);
const tsConfig = extractTSConfig(resolve(import.meta.dirname, "../../tsconfig.base.json"));

const { output } = await cruise(
  ["electron", "renderer"],
  { ...rules.options, ruleSet: rules, validate: true, baseDir: base },
  undefined,
  { tsConfig },
);
const { summary } = output;
for (const violation of summary.violations) {
  const via = violation.cycle ? ` (${violation.cycle.map((step) => step.name).join(" → ")})` : "";
  process.stderr.write(`${violation.rule.name}: ${violation.from} → ${violation.to}${via}\n`);
}
if (summary.totalCruised === 0) {
  process.stderr.write("layers: no modules were read; the check itself is broken\n");
  process.exit(1);
}
process.stderr.write(`layers: ${summary.totalCruised} modules, ${summary.violations.length} violations\n`);
process.exit(summary.violations.length === 0 ? 0 : 1);
