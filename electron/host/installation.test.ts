import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { parseTag } from "../core/residue/tag.ts";
import { installationOf } from "./installation.ts";
import { newTag } from "./transport/tag.ts";

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) fs.rmSync(dir, { recursive: true, force: true });
});

function folder(): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-installation-"));
  dirs.push(dir);
  return dir;
}

describe("the installation", () => {
  it("is made once and stays the same", () => {
    const dir = path.join(folder(), "not", "there", "yet");
    const first = installationOf(dir);
    expect(first).toMatch(/^[0-9a-f]{12}$/);
    expect([installationOf(dir), fs.readdirSync(dir)]).toEqual([first, ["installation"]]);
    expect(installationOf(folder())).not.toBe(first);
  });

  it("is made anew when its file holds something else", () => {
    const dir = folder();
    fs.writeFileSync(path.join(dir, "installation"), "../../etc/passwd\n");
    const made = installationOf(dir);
    expect(made).toMatch(/^[0-9a-f]{12}$/);
    expect(fs.readFileSync(path.join(dir, "installation"), "utf8")).toBe(`${made}\n`);
  });

  it("holds for the run where the folder cannot be written", () => {
    const file = path.join(folder(), "file");
    fs.writeFileSync(file, "");
    const first = installationOf(path.join(file, "no-folder"));
    expect(first).toMatch(/^[0-9a-f]{12}$/);
    expect(installationOf(path.join(file, "no-folder"))).toBe(first);
  });

  it("is in the tag of each of its connections, which differ", () => {
    const installation = installationOf(folder());
    const tags = [newTag(installation), newTag(installation)].map(parseTag);
    expect(tags.map((tag) => tag?.installation)).toEqual([installation, installation]);
    expect(tags[0]?.connection).not.toBe(tags[1]?.connection);
  });
});
