/** A folder on a node, prepared by a real shell: what is left of it when its preparation does not come to its end. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ChildTransport } from "../../../test/lab/collect-transport.ts";
import { until } from "../../../test/lab/node/exec.ts";
import { lendFolder } from "./folder.ts";

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-folder-"));
  for (const name of ["place", "bin"]) fs.mkdirSync(path.join(dir, name));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

describe.skipIf(process.platform !== "linux")("a folder whose preparation is cancelled", () => {
  // After the folder was made: before programs are tried in it, and when all is done but to say so.
  it.each(["chmod", "uname"])("is gone, also where it stands still at %s", async (command) => {
    const begun = path.join(dir, "begun");
    fs.writeFileSync(path.join(dir, "bin", command), `#!/bin/sh\n: >"${begun}"\nexec sleep 600\n`, { mode: 0o755 });
    const place = path.join(dir, "place");
    const cancel = new AbortController();
    const lending = lendFolder(new ChildTransport({ path: path.join(dir, "bin") }), {
      what: "a test",
      bytes: 1024,
      signal: cancel.signal,
      candidates: [place],
    });
    const failed = expect(lending).rejects.toMatchObject({ data: { code: "cancelled" } });
    expect(await until(() => fs.existsSync(begun), 20_000)).toBe(true);
    expect(fs.readdirSync(place)).toHaveLength(1);
    cancel.abort();
    await failed;
    expect(fs.readdirSync(place)).toEqual([]);
  });

  it("is gone, also where it was done and only its answer was not heard any more", async () => {
    const place = path.join(dir, "place");
    const lending = lendFolder(new LateTransport(), { what: "a test", bytes: 1024, candidates: [place] });
    await expect(lending).rejects.toThrow("not heard");
    expect(fs.readdirSync(place)).toEqual([]);
  });
});

/** Prepares the folder and does not say so. */
class LateTransport extends ChildTransport {
  override async exec(request: Parameters<ChildTransport["exec"]>[0]) {
    const execution = await super.exec(request);
    if (request.record_key !== "tools-prepare") return execution;
    for (const stream of [execution.stdout, execution.stderr]) stream.resume();
    expect(await execution.exited).toMatchObject({ code: 0 });
    throw new Error("not heard");
  }
}
