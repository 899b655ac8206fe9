/** The browser server as seen from outside: who gets in, and what everybody else gets. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type RunningServer, startServer } from "../../electron/server/server.ts";
import { CONTENT_SECURITY_POLICY } from "../../electron/server/static.ts";
import { createClient } from "../../electron/shared/rpc/client.ts";
import { websocketPort } from "../../electron/shared/rpc/websocket.ts";
import { handlersWith, rejection } from "./electron-rpc-helpers.ts";

let dir: string;
let server: RunningServer;
const handlers = handlersWith({
  "session.open": () => ({ session_id: "s", path: null }),
  "command.output": async function* () {
    yield { stream: "stdout", bytes: new Uint8Array([1, 2, 3]) };
  },
});

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "bpfdesk-server-"));
  mkdirSync(join(dir, "page/assets"), { recursive: true });
  writeFileSync(join(dir, "page/index.html"), "<!doctype html><title>bpfdesk</title>");
  writeFileSync(join(dir, "page/assets/app.js"), "export {};");
  writeFileSync(join(dir, "secret.html"), "secret");
  symlinkSync(join(dir, "secret.html"), join(dir, "page/link.html"));
});
afterAll(() => rmSync(dir, { recursive: true }));

async function withServer<T>(work: (server: RunningServer) => Promise<T>): Promise<T> {
  server = await startServer({ service: { handlers }, rendererDir: join(dir, "page") });
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A request with exactly these headers and this path, as no browser would clean it up. */
function ask(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
  return new Promise<Reply>((resolve, reject) => {
    const { method = "GET", headers = {}, body } = options;
    const request = httpRequest({ host: "127.0.0.1", port: server.port, path, method, headers, agent: false });
    request.on("response", async (response) => {
      let text = "";
      for await (const chunk of response) text += String(chunk);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
    });
    request.on("error", reject);
    request.end(body);
  });
}

const origin = () => `http://127.0.0.1:${server.port}`;
const token = () => new URL(server.url).hash.slice("#token=".length);
const login = (body: string, headers: Record<string, string> = { origin: origin() }) =>
  ask("/login", { method: "POST", headers, body });
async function cookie(): Promise<string> {
  const reply = await login(token());
  expect(reply.status).toBe(204);
  return reply.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
}

/** `open`, or the status the upgrade was refused with. */
function tryRpc(headers: Record<string, string>, path = "/rpc"): Promise<"open" | number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers });
    socket.on("open", () => {
      socket.terminate();
      resolve("open");
    });
    socket.on("unexpected-response", (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.on("error", () => {});
  });
}

describe("with the token of the address", () => {
  it("a page gets its cookie, its WebSocket and its answers", () =>
    withServer(async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/rpc`, {
        headers: { cookie: await cookie(), origin: origin() },
      });
      const client = createClient(websocketPort(socket));
      expect(await client.call("session.open", {})).toEqual({ session_id: "s", path: null });
      const chunks: unknown[] = [];
      for await (const chunk of client.stream("command.output", { session_id: "s", command_id: "c" })) {
        chunks.push(chunk);
      }
      expect(chunks).toEqual([{ stream: "stdout", bytes: new Uint8Array([1, 2, 3]) }]);
      expect(socket.extensions).toBe("");
      client.close();
      await client.closed;
    }));

  it("the cookie cannot be read by scripts, sent by other sites, or seen on other paths", () =>
    withServer(async () => {
      const reply = await login(token());
      expect(reply.headers["set-cookie"]?.[0]).toMatch(
        new RegExp(`^bpfdesk_${server.port}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/rpc$`),
      );
    }));

  it("it works once", () =>
    withServer(async () => {
      await cookie();
      expect((await login(token())).status).toBe(403);
    }));

  it("a page of another site cannot use it, and does not use it up", () =>
    withServer(async () => {
      expect((await login(token(), { origin: "http://evil.example" })).status).toBe(403);
      expect((await login(token(), {})).status).toBe(403);
      expect((await login(token())).status).toBe(204);
    }));

  it("a page whose server is closed learns that its host is lost", () =>
    withServer(async (running) => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/rpc`, {
        headers: { cookie: await cookie(), origin: origin() },
      });
      const client = createClient(websocketPort(socket));
      await client.call("session.open", {});
      await running.close();
      await client.closed;
      expect(await rejection(client.call("session.open", {}))).toMatchObject({ code: "host-lost" });
    }));
});

describe("without it", () => {
  it("a process of another user gets no WebSocket", () =>
    withServer(async () => {
      expect(await tryRpc({ origin: origin() })).toBe(403);
      expect(await tryRpc({ origin: origin(), cookie: `bpfdesk_${server.port}=guess` })).toBe(403);
    }));

  it("a wrong or endless token is refused and nothing is set", () =>
    withServer(async () => {
      for (const guess of ["", "guess", "x".repeat(100_000)]) {
        const reply = await login(guess).catch(() => null);
        expect(reply?.status ?? 403).toBe(403);
        expect(reply?.headers["set-cookie"]).toBeUndefined();
      }
      expect((await login(token())).status).toBe(204);
    }));
});

describe("even with the cookie", () => {
  it("another Origin, a missing one, and a mixed one are refused", () =>
    withServer(async () => {
      const own = await cookie();
      expect(await tryRpc({ cookie: own, origin: "http://evil.example" })).toBe(403);
      expect(await tryRpc({ cookie: own, origin: `http://127.0.0.1:${server.port + 1}` })).toBe(403);
      expect(await tryRpc({ cookie: own, origin: `http://localhost:${server.port}` })).toBe(403);
      expect(await tryRpc({ cookie: own })).toBe(403);
      expect(await tryRpc({ cookie: own, origin: origin() })).toBe("open");
    }));

  it("another Host is refused, for files, login and WebSocket", () =>
    withServer(async () => {
      const host = `rebind.example:${server.port}`;
      expect((await ask("/", { headers: { host } })).status).toBe(421);
      expect((await login(token(), { host, origin: `http://${host}` })).status).toBe(421);
      expect(await tryRpc({ cookie: await cookie(), host, origin: `http://${host}` })).toBe(421);
    }));

  it("other paths have no WebSocket", () =>
    withServer(async () => {
      expect(await tryRpc({ cookie: await cookie(), origin: origin() }, "/other")).toBe(404);
    }));
});

describe("files", () => {
  it("go out under the policy and are not cached", () =>
    withServer(async () => {
      const reply = await ask("/");
      expect(reply).toMatchObject({ status: 200, body: "<!doctype html><title>bpfdesk</title>" });
      expect(reply.headers).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "cross-origin-opener-policy": "same-origin",
        "referrer-policy": "no-referrer",
      });
      expect((await ask("/assets/app.js")).headers["content-type"]).toBe("text/javascript; charset=utf-8");
    }));

  it("outside the page's folder are not found, however they are spelt", () =>
    withServer(async () => {
      const paths = [
        "/../secret.html",
        "/assets/../../secret.html",
        "/%2e%2e/secret.html",
        "/..%2fsecret.html",
        "/assets/..%5c..%5csecret.html",
        "/link.html",
        "//etc/passwd",
        "/secret.html%00",
        "/%",
        "/assets",
      ];
      for (const path of paths) expect([path, (await ask(path)).status]).toEqual([path, 404]);
    }));

  it("are only read", () =>
    withServer(async () => {
      expect((await ask("/", { method: "PUT" })).status).toBe(405);
      expect((await ask("/login")).status).toBe(405);
      expect((await ask("/", { method: "HEAD" })).body).toBe("");
    }));
});

it("listens on the loopback address only", () =>
  withServer(async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter((address) => address.family === "IPv4" && !address.internal);
    const targets = ["127.0.0.2", ...others.map(({ address }) => address)];
    for (const host of targets) {
      const reached = await new Promise<boolean>((resolve) => {
        const socket = connect({ host, port: server.port });
        socket.on("connect", () => {
          socket.destroy();
          resolve(true);
        });
        socket.on("error", () => resolve(false));
      });
      expect([host, reached]).toEqual([host, false]);
    }
  }));
