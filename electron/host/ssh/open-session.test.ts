/** A session whose whole life arrives at one go, as from a quick command behind a slow line. */
import { EventEmitter } from "node:events";
import { type Duplex, PassThrough } from "node:stream";
import type { Client } from "ssh2";
import { expect, it } from "vitest";
import { openSession } from "./ssh-transport.ts";

it("knows the exit of a command that ended in the bytes that told of its start", async () => {
  const channel = Object.assign(new PassThrough(), { stderr: new PassThrough(), incoming: { state: "closed" } });
  const client = Object.assign(new EventEmitter(), {
    exec(_command: string, _options: object, opened: (error: undefined, channel: Duplex) => void) {
      opened(undefined, channel);
      // ssh2 reads one packet after the other without a pause.
      channel.emit("exit", 3);
      channel.end("said");
    },
  }) as unknown as Client;
  const { stdout, ended } = await openSession({ client, stream: new PassThrough() }, "quick", "node-1");
  stdout.resume();
  channel.stderr.end();
  expect(await ended).toEqual({ code: 3, signal: null, lost: false });
});
