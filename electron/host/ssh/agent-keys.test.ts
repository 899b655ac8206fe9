import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { agentKeyTypes, keyTypesIn } from "./agent-keys.ts";
import { sshString } from "./wire.ts";

const sk = "sk-ssh-ed25519@openssh.com";
const cert = "ssh-ed25519-cert-v01@openssh.com";

describe("the types of an agent's keys", () => {
  const identity = (type: string) => [
    sshString(Buffer.concat([sshString(type), Buffer.from("rest")])),
    sshString("who"),
  ];
  const answer = (types: string[]) =>
    Buffer.concat([Buffer.from([12, 0, 0, 0, types.length]), ...types.flatMap(identity)]);

  it("are read, certificates and security keys included", () => {
    expect(keyTypesIn(answer([sk, cert, "ssh-rsa"]))).toEqual([sk, cert, "ssh-rsa"]);
    expect(keyTypesIn(answer([]))).toEqual([]);
  });

  it("are not known when the answer is cut off or another", () => {
    expect(keyTypesIn(answer([sk]).subarray(0, 12))).toBeNull();
    expect(keyTypesIn(Buffer.from([5]))).toBeNull();
  });

  it("come over the agent's socket; null when nobody listens there", async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "agent-"));
    const socket = path.join(dir, "s");
    const body = answer([cert]);
    const server = net.createServer((client) => client.on("data", () => client.write(sshString(body))));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const { signal } = new AbortController();
    expect(await agentKeyTypes(socket, signal)).toEqual([cert]);
    await new Promise((resolve) => server.close(resolve));
    expect(await agentKeyTypes(socket, signal)).toBeNull();
    fs.rmSync(dir, { recursive: true });
  });
});
