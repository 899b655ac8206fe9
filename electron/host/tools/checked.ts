/**
 * Runs commands so that a lent tool is used only while it is still the one that was sent.
 *
 * The hashes are compared on the node, in the shell that becomes the command right after, so this costs no
 * round trip. A command that does not name a lent tool is passed on as it is.
 */
import { BpfdeskError } from "../../core/errors.ts";
import type { ExecExit, ExecRequest, Execution, NodeTransport } from "../transport/types.ts";

export interface CheckedTool {
  /** Its name for a person and, with `-changed`, the error's code. */
  what: "bpftool" | "tracer" | "bpfdesk-change";
  /** Of the tool itself, as it stands in an argv. */
  path: string;
  folder: string;
  /** Path below the folder → SHA256. */
  files: Readonly<Record<string, string>>;
  remove(): Promise<string[]>;
}

/** Parameters: folder, lines as sha256sum prints them, then the command. */
const VERIFY = `d=$1 s=$2; shift 2
( cd "$d" && printf '%s' "$s" | sha256sum -c ) >/dev/null 2>&1 || exit 86
exec "$@"`;
/** No program that is run with a lent tool ends with this. */
const CHANGED = 86;

const lent = new WeakMap<NodeTransport, CheckedTool[]>();

/** From now on commands over this transport that name the tool check it first. */
export function checkBeforeUse(transport: NodeTransport, tool: CheckedTool): void {
  lent.set(transport, [...(lent.get(transport) ?? []), tool]);
}

/**
 * As `transport.exec`. When the lent tool that the command names is not what was sent, the command is not
 * started, the tool is taken away, and `exited` rejects with `bpftool-changed`, `tracer-changed` or `bpfdesk-change-changed`.
 */
export async function execChecked(transport: NodeTransport, request: ExecRequest): Promise<Execution> {
  const tool = lent.get(transport)?.find(({ path }) => request.argv.includes(path));
  if (tool === undefined) return transport.exec(request);
  const sums = Object.entries(tool.files).map(([file, sha256]) => `${sha256}  ${file}\n`);
  const argv = ["sh", "-c", VERIFY, "bpfdesk-checked", tool.folder, sums.join(""), ...request.argv];
  const execution = await transport.exec({ ...request, argv });
  const exited = execution.exited.then((exit) => refuseChanged(transport, tool, exit));
  exited.catch(() => {}); // told to whoever awaits it
  return { ...execution, exited };
}

async function refuseChanged(transport: NodeTransport, tool: CheckedTool, exit: ExecExit): Promise<ExecExit> {
  if (exit.code !== CHANGED) return exit;
  const left = await tool.remove();
  throw new BpfdeskError({
    code: `${tool.what}-changed`,
    message: `The ${tool.what} lent to ${transport.host} is not the one that was sent, and was not run.`,
    hint: `Somebody with root there has changed or removed it. ${
      left.length === 0 ? "It has been taken away" : "It could not be taken away"
    }; connect again to lend it again.`,
    node: transport.host,
    phase: "collecting",
    cause: tool.folder,
  });
}
