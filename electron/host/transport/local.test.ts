import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import type { ErrorData } from "../../core/errors.ts";
import { connectLocal } from "./local.ts";
import type { NodeTransport } from "./types.ts";

const open: NodeTransport[] = [];
afterEach(async () => {
  for (const transport of open.splice(0)) await transport.close();
});

async function connect(): Promise<NodeTransport> {
  const transport = await connectLocal({
    onPhase: () => {},
    ask: () => Promise.resolve({ accept: false, values: [] }),
    signal: new AbortController().signal,
  });
  open.push(transport);
  return transport;
}

const request = (argv: string[]) => ({ argv, root: false, timeout_ms: 20_000, record_key: "test" });

describe.runIf(process.platform === "linux")("this machine as a node", () => {
  it("runs a command with its input, streams and exit code", async () => {
    const transport = await connect();
    const script = 'cat; echo "$1" >&2; exit 3';
    const execution = await transport.exec({ ...request(["sh", "-c", script, "sh", "it's"]), stdin: "in\n" });
    expect([await text(execution.stdout), await text(execution.stderr), await execution.exited]).toEqual([
      "in\n",
      "it's\n",
      { code: 3, signal: null },
    ]);
    expect(transport.shellLine(request(["echo", "it's"]))).toBe("echo 'it'\\''s'");
  });

  it("hands down nothing of its own environment but what commands need", async () => {
    process.env.BPFDESK_TEST_SECRET = "hidden";
    try {
      const transport = await connect();
      const execution = await transport.exec(request(["env"]));
      expect(await text(execution.stdout)).not.toContain("hidden");
    } finally {
      delete process.env.BPFDESK_TEST_SECRET;
    }
  });

  it("stops what runs when it is closed", async () => {
    const transport = await connect();
    const execution = await transport.exec(request(["sh", "-c", "echo $$; exec sleep 300"]));
    const pid = await new Promise<number>((resolve) =>
      execution.stdout.once("data", (bytes) => resolve(Number(bytes))),
    );
    await transport.close();
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    await expect(transport.exec(request(["true"]))).rejects.toMatchObject({ data: { code: "connection-closed" } });
  });

  it("is cancelled before it begins", async () => {
    const failed = await connectLocal({
      onPhase: () => {},
      ask: () => new Promise(() => {}),
      signal: AbortSignal.abort(),
    }).catch((error: { data: ErrorData }) => error.data);
    expect(failed).toMatchObject({ code: "cancelled", phase: "privileges", node: "local" });
  });
});

it.skipIf(process.platform === "linux")("is no node on other systems, and says so", async () => {
  await expect(connect()).rejects.toMatchObject({ data: { code: "not-linux" } });
});
