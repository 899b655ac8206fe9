/**
 * The bundled bpftool: made from distribution packages, lent to a node, taken away again. Everything here needs
 * the package network once (`npm run build:tools`); without it the tests are skipped and say so.
 */
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Prompt } from "../../electron/core/journal/events.ts";
import { takeInventory } from "../../electron/host/residue/inventory.ts";
import { chooseBpftool, ensureBpftool } from "../../electron/host/tools/ensure-bpftool.ts";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { ChildTransport } from "./collect-transport.ts";
import { until } from "./node/exec.ts";

const root = path.resolve(import.meta.dirname, "../..");
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-tools-"));
afterAll(() => fs.rmSync(dir, { recursive: true }));

async function build(out: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(root, "scripts/build-tools.mjs")], {
    env: { ...process.env, BPFDESK_TOOLS_DIR: out },
  });
  return stdout;
}
const toolsDir = path.join(dir, "built");
const said = await build(toolsDir).catch((error: { code?: number; stderr?: string }) => {
  // Hooks do not run when every test is skipped.
  fs.rmSync(dir, { recursive: true });
  if (error.code !== 3 || process.env.CI === "true") throw error;
  console.warn(`skipped, the packages cannot be reached: ${error.stderr}`);
  return null;
});

describe.skipIf(said === null)("npm run build:tools", () => {
  it("makes a bpftool for both machines, and the same bytes when it is run again", async () => {
    expect(said).toMatch(/^x86_64: bpftool 7\.\d+\.\d+, .*\narm64: bpftool 7\.\d+\.\d+, .*\n$/);
    const again = path.join(dir, "again");
    await build(again);
    for (const file of [
      "x86_64/bpftool.tar.gz",
      "arm64/bpftool.tar.gz",
      "x86_64/manifest.json",
      "arm64/manifest.json",
    ]) {
      expect(fs.readFileSync(path.join(again, file)).equals(fs.readFileSync(path.join(toolsDir, file))), file).toBe(
        true,
      );
    }
  });
});

describe.skipIf(said === null)("lending bpftool to a node", () => {
  let places: string;
  beforeAll(() => {
    // Below /run, because what is above must belong to root.
    places = fs.mkdtempSync("/run/bpfdesk-places-");
  });
  afterAll(() => fs.rmSync(places, { recursive: true }));
  const place = (name: string, mode = 0o755) => {
    const folder = path.join(places, name);
    fs.mkdirSync(folder, { recursive: true });
    fs.chmodSync(folder, mode);
    return folder;
  };

  const arch = process.arch === "arm64" ? "arm64" : "x86_64";
  const reason = "bpftool is not installed.";
  const TAG = "bpfdesk.cccccccccccc.000000000001";
  function lend(transport: ChildTransport, candidates: string[], accept = true, dirOfTools = toolsDir) {
    const asked: Prompt[] = [];
    const ask = async (prompt: Prompt) => {
      asked.push(prompt);
      return { accept, values: [] };
    };
    const answers = new Map<string, boolean>();
    const options = { toolsDir: dirOfTools, arch, reason, ask, answers, candidates } as const;
    return { asked, again: () => ensureBpftool(transport, options), lent: ensureBpftool(transport, options) };
  }

  it("asks once, with what and why, and leaves nothing behind when it is taken away", async () => {
    const folder = place("good");
    const { asked, lent, again } = lend(new ChildTransport(), [folder]);
    const tool = await lent;
    const manifest = JSON.parse(fs.readFileSync(path.join(toolsDir, arch, "manifest.json"), "utf8"));
    const { version, bytes, sha256 } = manifest;
    expect(asked).toEqual([{ kind: "upload_bpftool", host: "testnode", reason, version, bytes, sha256 }]);
    const [made = ""] = fs.readdirSync(folder);
    expect(tool?.path).toBe(path.join(folder, made, "bpftool"));
    expect(fs.statSync(path.join(folder, made)).mode & 0o777).toBe(0o700);
    const { stdout } = await promisify(execFile)(tool?.path ?? "", ["version"]);
    expect(stdout).toContain(`bpftool v${version}`);
    expect(await tool?.check()).toBeNull();

    const second = await again();
    expect(asked.length).toBe(1);
    expect(second?.path).not.toBe(tool?.path);
    expect(await second?.remove()).toEqual([]);
    expect(await tool?.remove()).toEqual([]);
    expect(await tool?.remove()).toEqual([]);
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it("touches nothing when the person refuses", async () => {
    const folder = place("refused");
    const transport = new ChildTransport();
    expect(await lend(transport, [folder], false).lent).toBeNull();
    expect([transport.started, fs.readdirSync(folder)]).toEqual([[], []]);
  });

  it("notices a file that was changed on the node", async () => {
    const { lent } = lend(new ChildTransport(), [place("changed")]);
    const tool = await lent;
    fs.appendFileSync(path.join(path.dirname(tool?.path ?? ""), "lib/libelf.so.1"), "x");
    expect(await tool?.check()).toContain("not the ones that were sent");
    expect(await tool?.remove()).toEqual([]);
  });

  it("runs nothing with a bpftool that was changed after it was sent, says so, and takes it away", async () => {
    const folder = place("checked");
    const transport = new ChildTransport({ env: { BPFDESK_TAG: TAG } });
    const tool = await lend(transport, [folder]).lent;
    const bpftool = tool?.path ?? "";
    const before = await takeInventory(transport, { bpftool });
    expect(before.unread).toEqual([]);
    fs.appendFileSync(path.join(path.dirname(bpftool), "bpftool"), "\ntouch /run/bpfdesk-was-run\n");
    await expect(takeInventory(transport, { bpftool })).rejects.toMatchObject({
      data: { code: "bpftool-changed", node: "testnode", cause: path.dirname(bpftool) },
    });
    expect(fs.existsSync("/run/bpfdesk-was-run")).toBe(false);
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it("writes whose it is into the folder and on the process that watches it, so that both are found again", async () => {
    const transport = new ChildTransport({ env: { BPFDESK_TAG: TAG } });
    const { tag = TAG }: NodeTransport = transport;
    const tool = await lend(transport, ["/dev/shm"]).lent;
    const look = () => takeInventory(new ChildTransport(), { bpftool: null });
    const seen = await look();
    expect(await tool?.remove()).toEqual([]);
    const folder = path.dirname(tool?.path ?? "");
    const ours = (inventory: typeof seen) => ({
      folders: inventory.folders.filter(({ path }) => path === folder).map(({ tag, uid }) => ({ tag, uid })),
      processes: inventory.processes.filter((one) => one.tag === tag).map(({ comm }) => comm),
    });
    expect(ours(seen).folders).toEqual([{ tag, uid: 0 }]);
    expect(ours(seen).processes).toContain("sh");
    const gone = async () => {
      const { folders, processes } = ours(await look());
      return folders.length + processes.length === 0;
    };
    expect(await until(gone, 20_000)).toBe(true);
  });

  it("is taken away by the last inventory that used it, which sees the node without it", async () => {
    const transport = new ChildTransport({ env: { BPFDESK_TAG: TAG } });
    const { tag = TAG }: NodeTransport = transport;
    const tool = await lend(transport, ["/dev/shm"]).lent;
    const folder = path.dirname(tool?.path ?? "");
    const last = await takeInventory(new ChildTransport(), { bpftool: tool?.path ?? "", retire: true });
    expect(last.blind).toEqual([]);
    expect(last.folders.filter((one) => one.path === folder)).toEqual([]);
    expect(last.processes.filter((one) => one.tag === tag)).toEqual([]);
    expect(fs.existsSync(folder)).toBe(false);
    expect(await tool?.remove()).toEqual([]);
  });

  it("passes over folders that are full, unsafe, missing, or where programs cannot run, and says why when none is left", async () => {
    const open = place("open", 0o777);
    const below = place("open/below");
    const noexec = place("noexec");
    const full = place("full");
    const file = path.join(places, "file");
    fs.writeFileSync(file, "");
    const mounts = `mount -t tmpfs -o noexec t ${noexec} && mount -t tmpfs -o size=64k t ${full} && exec "$@"`;
    const transport = new ChildTransport({ prefix: ["unshare", "--mount", "sh", "-c", mounts, "sh"] });
    const bad = [path.join(places, "missing"), file, open, below, noexec, full];
    await expect(lend(transport, bad).lent).rejects.toMatchObject({
      data: {
        code: "no-place",
        node: "testnode",
        cause: [
          `${bad[0]}: not there`,
          `${file}: not there`,
          `${open}: others could replace files in it`,
          `${below}: others could replace files in it`,
          `${noexec}: programs cannot run there`,
          `${full}: 64 KiB free, ${needed()} needed`,
        ].join("\n"),
      },
    });
    for (const folder of [open, below, noexec, full]) {
      expect(fs.readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
    }
  });
  function needed(): number {
    const { bytes, unpacked_bytes } = JSON.parse(fs.readFileSync(path.join(toolsDir, arch, "manifest.json"), "utf8"));
    return Math.ceil((bytes + unpacked_bytes) / 1024) + 1024;
  }

  it("uses a folder that all may write when its sticky bit protects files", async () => {
    const tool = await lend(new ChildTransport(), [place("sticky", 0o1777)]).lent;
    expect(tool?.path).toContain("/sticky/");
    expect(await tool?.remove()).toEqual([]);
  });

  it("sends file by file when the node has no tar", async () => {
    const bin = place("bin");
    fs.writeFileSync(path.join(bin, "tar"), "#!/bin/sh\nmkdir lib; echo half > lib/x; exit 2\n", { mode: 0o755 });
    const tool = await lend(new ChildTransport({ path: bin }), [place("no-tar")]).lent;
    expect(await tool?.check()).toBeNull();
    const files = fs.readdirSync(path.dirname(tool?.path ?? "")).filter((name) => name !== ".tag");
    expect(files.sort()).toEqual(["bpftool", "bpftool.bin", "ld.so", "lib"]);
    expect(await tool?.remove()).toEqual([]);
  });

  it("names what it could not take away when the connection is gone", async () => {
    const transport = new ChildTransport();
    const tool = await lend(transport, [place("lost")]).lent;
    await transport.close();
    const folder = path.dirname(tool?.path ?? "");
    expect(await tool?.remove()).toEqual([
      `${folder} on testnode (the bpftool that was lent; it is removed there once the loss is seen)`,
    ]);
  });

  it("refuses a bundle that does not match its manifest, before anyone is asked", async () => {
    const damaged = path.join(dir, "damaged");
    fs.cpSync(toolsDir, damaged, { recursive: true });
    fs.appendFileSync(path.join(damaged, arch, "bpftool.tar.gz"), "x");
    const attempt = lend(new ChildTransport(), [place("damaged")], true, damaged);
    await expect(attempt.lent).rejects.toMatchObject({ data: { code: "bundle-damaged" } });
    expect(attempt.asked).toEqual([]);
  });

  it("leaves a node alone whose own bpftool shows everything, and helps one whose does not", async () => {
    const bin = place("own");
    const own = (version: string) =>
      fs.writeFileSync(path.join(bin, "bpftool"), `#!/bin/sh\necho 'bpftool v${version}'\n`, { mode: 0o755 });
    const asked: Prompt[] = [];
    const ask = async (prompt: Prompt) => {
      asked.push(prompt);
      return { accept: true, values: [] };
    };
    const choose = () =>
      chooseBpftool(new ChildTransport({ path: bin }), {
        toolsDir,
        ask,
        answers: new Map(),
        candidates: [place("choice")],
      });
    own("7.9.0");
    expect((await choose()).bpftool).toBeNull();
    expect(asked).toEqual([]);
    own("5.4.0");
    const choice = await choose();
    expect(choice.bpftool).toContain("/choice/");
    expect(asked).toMatchObject([{ reason: expect.stringMatching(/^bpftool 5\.4 is older than kernel .* tcx/) }]);
    expect(await choice.cleanup()).toEqual([]);
    expect(fs.readdirSync(place("choice"))).toEqual([]);
  });
});
