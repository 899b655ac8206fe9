/** The desktop shell against a recording stand-in: what it sets up, and what it refuses. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startApp } from "../../electron/main/app.ts";
import { CONTENT_SECURITY_POLICY } from "../../electron/server/static.ts";
import { FakeContents, FakeElectron, type FakeWindow, preventable } from "./electron-fake.ts";

let dir: string;
let electron: FakeElectron;
const paths = () => ({
  preload: "/out/preload/index.cjs",
  renderer: dir,
  host: "/out/main/host.js",
  resources: "/res",
});

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bpfdesk-app-"));
  writeFileSync(join(dir, "index.html"), "<title>bpfdesk</title>");
  electron = new FakeElectron(dir);
});
afterEach(() => rmSync(dir, { recursive: true }));

async function started(): Promise<FakeWindow> {
  await startApp(electron.api, paths());
  const [window] = electron.windows;
  if (!window) throw new Error("no window");
  return window;
}
const wantPort = (window: FakeWindow, changes: Record<string, unknown> = {}) =>
  electron.ipc.emit("bpfdesk:want-port", {
    sender: window.contents.api,
    senderFrame: window.contents.mainFrame,
    ...changes,
  });

describe("the window", () => {
  it("runs its page sandboxed, isolated and without Node", async () => {
    const window = await started();
    expect(window.options.webPreferences).toEqual({
      preload: "/out/preload/index.cjs",
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: false,
    });
    expect(window.loaded).toBe("app://bpfdesk/");
    expect(electron.calls.slice(0, 3)).toEqual(["sandbox", "scheme", "ready"]);
    expect(electron.privileges).toEqual([
      { scheme: "app", privileges: { standard: true, secure: true, supportFetchAPI: true } },
    ]);
  });

  it("cannot be led away, split up or embedded into", async () => {
    const window = await started();
    for (const name of ["will-navigate", "will-frame-navigate", "will-redirect", "will-attach-webview"]) {
      const { event, wasPrevented } = preventable();
      window.contents.events.emit(name, event);
      expect([name, wasPrevented()]).toEqual([name, true]);
    }
  });

  it("opens no other window, and https addresses elsewhere only after showing them", async () => {
    const window = await started();
    const follow = async (url: string) => {
      const answer = window.contents.windowOpenHandler?.({ url } as Electron.HandlerDetails);
      expect(answer).toEqual({ action: "deny" });
      await new Promise((resolve) => setImmediate(resolve));
    };
    for (const url of ["file:///etc/passwd", "http://example.org/", "javascript:alert(1)", "smb://x/y", "nonsense"]) {
      await follow(url);
    }
    expect([electron.asked, electron.opened]).toEqual([[], []]);
    await follow("https://docs.ebpf.io/");
    expect([electron.asked, electron.opened]).toEqual([["https://docs.ebpf.io/"], []]);
    electron.answer = 1;
    await follow("https://docs.ebpf.io/");
    expect(electron.opened).toEqual(["https://docs.ebpf.io/"]);
  });

  it("gets no permission but to write what was copied", async () => {
    const window = await started();
    const decisions = [
      "media",
      "geolocation",
      "notifications",
      "clipboard-read",
      "openExternal",
      "usb",
      "fileSystem",
    ].map((permission) => {
      let decided: boolean | null = null;
      electron.permissionRequest?.(window.contents.api, permission, (yes) => {
        decided = yes;
      });
      return [decided, electron.permissionCheck?.(null, permission, "app://bpfdesk/")];
    });
    expect(decisions).toEqual(decisions.map(() => [false, false]));
    expect(electron.devicePermission?.()).toBe(false);
    const copy = "clipboard-sanitized-write";
    expect(electron.permissionCheck?.(null, copy, "app://bpfdesk/")).toBe(true);
    expect(electron.permissionCheck?.(null, copy, "https://evil.example/")).toBe(false);
  });

  it("opens where it was, and on the screen when that place is gone", async () => {
    const file = join(dir, "window.json");
    writeFileSync(file, '{"x":100,"y":50,"width":1200,"height":800}');
    expect((await started()).options).toMatchObject({ x: 100, y: 50, width: 1200, height: 800 });
    for (const odd of ['{"x":5000,"y":50,"width":1200,"height":800}', '{"x":1}', "not json"]) {
      electron = new FakeElectron(dir);
      writeFileSync(file, odd);
      const { options } = await started();
      expect([options.x, options.width]).toEqual([undefined, 1440]);
    }
    electron.windows[0]?.events.emit("close");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ x: 10, y: 20, width: 1000, height: 700 });
  });

  it("loads its page again when the page crashed, but not for ever", async () => {
    const window = await started();
    const { contents } = window;
    contents.events.emit("render-process-gone", {}, { reason: "clean-exit" });
    expect(contents.reloads).toBe(0);
    for (let at = 0; at < 10; at++) contents.events.emit("render-process-gone", {}, { reason: "crashed" });
    expect(contents.reloads).toBe(3);
  });

  it("is the only one: a second start shows the first", async () => {
    const window = await started();
    electron.appEvents.emit("second-instance");
    expect([electron.windows.length, window.focused]).toEqual([1, 1]);
    const second = new FakeElectron(dir);
    second.firstInstance = false;
    await startApp(second.api, paths());
    expect([second.windows.length, second.calls]).toEqual([0, ["quit", "gone"]]);
  });
});

describe("app://bpfdesk", () => {
  const get = async (url: string, method = "GET") => {
    const answer = await electron.page?.(new Request(url, { method }));
    return {
      status: answer?.status,
      text: await answer?.text(),
      policy: answer?.headers.get("content-security-policy"),
    };
  };

  it("serves the page's files under the policy", async () => {
    await started();
    expect(await get("app://bpfdesk/")).toEqual({
      status: 200,
      text: "<title>bpfdesk</title>",
      policy: CONTENT_SECURITY_POLICY,
    });
  });

  it("serves nothing outside the page's folder and nothing under another name", async () => {
    await started();
    writeFileSync(join(dir, "..", "bpfdesk-outside.html"), "outside");
    const outside = ["app://bpfdesk/..%2fbpfdesk-outside.html", "app://bpfdesk/%2e%2e/bpfdesk-outside.html"];
    for (const url of outside) expect((await get(url)).status).toBe(404);
    rmSync(join(dir, "..", "bpfdesk-outside.html"));
    expect((await get("app://evil/")).status).toBe(403);
    expect((await get("app://bpfdesk/", "POST")).status).toBe(403);
  });
});

describe("the host", () => {
  it("is started for the first port, with its paths and no secret, and one end goes to each side", async () => {
    const window = await started();
    expect(electron.hosts).toHaveLength(0);
    wantPort(window);
    wantPort(window);
    expect(electron.hosts.map(({ entry, args }) => [entry, args.map((arg) => JSON.parse(arg) as unknown)])).toEqual([
      ["/out/main/host.js", [{ resourcesDir: "/res", dataDir: dir, mode: "desktop", version: "1.2.3" }]],
    ]);
    expect(electron.hosts[0]?.posted).toEqual([
      { message: "port", ports: ["port1-host"] },
      { message: "port", ports: ["port2-host"] },
    ]);
    expect(window.contents.posted).toEqual([
      { channel: "bpfdesk:port", ports: ["port1-page"] },
      { channel: "bpfdesk:port", ports: ["port2-page"] },
    ]);
  });

  it("is given to nobody but the main frame of our window with our page in it", async () => {
    const window = await started();
    const stranger = new FakeContents();
    wantPort(window, { sender: stranger.api });
    wantPort(window, { senderFrame: { url: "app://bpfdesk/" } });
    wantPort(window, { senderFrame: null });
    window.contents.mainFrame.url = "https://evil.example/app://bpfdesk/";
    wantPort(window);
    expect([electron.hosts.length, window.contents.posted, stranger.posted]).toEqual([0, [], []]);
  });

  it("is started anew when it died, and after dying again and again no more, with a word to the person", async () => {
    const window = await started();
    for (let at = 0; at < 6; at++) {
      wantPort(window);
      electron.hosts.at(-1)?.events.emit("exit", 139);
    }
    expect(electron.hosts).toHaveLength(4);
    expect(electron.errors).toEqual(["bpfdesk cannot go on"]);
    expect(window.contents.posted).toHaveLength(4);
  });

  it("disconnects from its nodes before the app is gone", async () => {
    const window = await started();
    wantPort(window);
    const [host] = electron.hosts;
    electron.appEvents.emit("window-all-closed");
    expect(electron.calls.slice(-1)).toEqual(["quit"]);
    expect(host?.posted.at(-1)).toEqual({ message: "close", ports: [] });
    host?.events.emit("message", "closed");
    await vi.waitFor(() => expect(electron.calls.slice(-2)).toEqual(["quit", "gone"]));
    expect(host?.killed).toBe(true);
    expect(electron.errors).toEqual([]);
  });

  it("is told to wipe secrets on suspend and shutdown, and that the machine is awake again", async () => {
    const window = await started();
    // Nobody to tell yet.
    electron.power.emit("suspend");
    wantPort(window);
    electron.power.emit("suspend");
    electron.power.emit("resume");
    electron.power.emit("shutdown");
    expect(electron.hosts[0]?.posted.slice(1).map(({ message }) => message)).toEqual([
      { type: "wipe", reason: "suspend" },
      { type: "wake", reason: "resume" },
      { type: "wipe", reason: "shutdown" },
    ]);
  });

  it("reaches the desktop's keychain through the app, and nothing else by the same way", async () => {
    const window = await started();
    wantPort(window);
    const [host] = electron.hosts;
    host?.events.emit("message", { type: "keychain", id: 1, ask: { verb: "status" } });
    for (const odd of ["hello", null, { type: "keychain", id: 2, ask: { verb: "open" } }, { type: "other" }]) {
      host?.events.emit("message", odd);
    }
    await vi.waitFor(() =>
      expect(host?.posted.at(-1)?.message).toEqual({
        type: "keychain",
        id: 1,
        value: { available: true, reason: "" },
      }),
    );
    expect(host?.posted).toHaveLength(2);
  });

  it("that does not end in time is ended, and the app is gone", async () => {
    vi.useFakeTimers();
    try {
      const window = await started();
      wantPort(window);
      electron.appEvents.emit("window-all-closed");
      await vi.advanceTimersByTimeAsync(10_000);
      expect([electron.hosts[0]?.killed, electron.calls.at(-1)]).toEqual([true, "gone"]);
    } finally {
      vi.useRealTimers();
    }
  });
});

it("has a menu with the system's own roles and developer tools only in a checkout", async () => {
  await started();
  const text = JSON.stringify(electron.menu);
  expect(text).toContain('"role":"editMenu"');
  expect(text).not.toContain("toggleDevTools");
});
