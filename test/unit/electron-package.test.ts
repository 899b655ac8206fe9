/** The packaging configuration against electron-builder's own schema; nothing is downloaded or packaged. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import Ajv from "ajv";
import { expect, it } from "vitest";
import { parse } from "yaml";

const root = resolve(import.meta.dirname, "../..");
const config = parse(readFileSync(resolve(root, "electron-builder.yml"), "utf8")) as Record<string, unknown>;
const packageJson = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8")) as {
  devDependencies: Record<string, string>;
};

function validate(value: unknown): string[] {
  // The schema electron-builder itself checks with.
  const schema = JSON.parse(readFileSync(resolve(root, "node_modules/app-builder-lib/scheme.json"), "utf8")) as object;
  const check = new Ajv({ strict: false, allErrors: true }).compile(schema);
  return check(value) ? [] : (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

it("is understood by electron-builder, key by key", () => {
  expect(validate(config)).toEqual([]);
  expect(validate({ ...config, asarr: true })).not.toEqual([]);
});

it("packages the Electron the code is typed against", () => {
  expect(config.electronVersion).toBe(packageJson.devDependencies.electron);
});

it("closes the ways to use the binary as something else", () => {
  expect(config.electronFuses).toEqual({
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableCookieEncryption: true,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    grantFileProtocolExtraPrivileges: false,
  });
});
