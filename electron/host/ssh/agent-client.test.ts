import { once } from "node:events";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import ssh2 from "ssh2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { callAgent } from "./agent-client.ts";

const PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

describe("an ssh-agent that takes the call and never answers", () => {
  let dir: string;
  let socket: string;
  let agent: net.Server;

  beforeEach(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-agent-"));
    socket = path.join(dir, "s");
    agent = net.createServer((stream) => stream.resume()).listen(socket);
    await once(agent, "listening");
  });
  afterEach(async () => {
    agent.close();
    fs.rmSync(dir, { recursive: true });
  });

  it.each(["keys", "a signature"])("is hung up on when nobody waits for %s any more", async (what) => {
    const key = ssh2.utils.parseKey(PUBLIC);
    if (key instanceof Error) throw key;
    const { agent: client, hangUp } = callAgent(socket);
    const called = once(agent, "connection");
    const failed = new Promise((resolve) => {
      if (what === "keys") client.getIdentities(resolve);
      else client.sign(key, Buffer.from("data"), {}, resolve);
    });
    const [stream] = (await called) as [net.Socket];
    const closed = once(stream, "close");
    hangUp();
    expect(await failed).toBeInstanceOf(Error);
    await closed;
  });
});
