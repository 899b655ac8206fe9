/** A process that connects, runs a command and stays until it is killed: `node hold-connection.ts '<options>' '<argv>'`. */
import { connectSsh } from "../../electron/host/ssh/connect.ts";

const [options = "{}", argv = "[]"] = process.argv.slice(2);
const transport = await connectSsh({
  ...JSON.parse(options),
  signal: new AbortController().signal,
  onPhase: () => {},
  ask: () => new Promise(() => {}),
});
const execution = await transport.exec({
  argv: JSON.parse(argv),
  root: true,
  timeout_ms: 600_000,
  record_key: "held",
});
execution.stderr.resume();
execution.stdout.pipe(process.stdout);
