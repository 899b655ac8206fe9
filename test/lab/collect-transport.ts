/**
 * A live transport for tests of the collector: the product's own guard around a child process, which may be
 * started inside other namespaces, as another user, or with another shell in the place of `sh`.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Privileges } from "../../electron/core/journal/events.ts";
import type { RawProcess } from "../../electron/host/transport/execution.ts";
import { LiveTransport } from "../../electron/host/transport/live.ts";

export interface ChildOptions {
  /** argv put before every command, e.g. `nsenter …` or `setpriv …`. */
  prefix?: string[];
  privileges?: Extract<Privileges, "root" | "none">;
  /** Folders put in front of PATH. */
  path?: string;
  /** Environment beside PATH. */
  env?: Record<string, string>;
}

export class ChildTransport extends LiveTransport {
  readonly kind = "local";
  /** Every process started, the latest last. */
  readonly started: number[] = [];

  constructor(private readonly options: ChildOptions = {}) {
    const kind = options.privileges ?? "root";
    super("testnode", "tester", {
      kind,
      user: "tester",
      asRoot: kind === "root" ? (argv) => [...argv] : null,
      receive: (raw) => raw,
      dialogue: null,
      terminal: false,
      reason: kind === "root" ? "" : "the test has none",
      wipe: () => {},
    });
  }

  protected async open(argv: string[]): Promise<RawProcess> {
    const { prefix = [], path: folders, env } = this.options;
    const PATH = [...(folders === undefined ? [] : [folders]), "/usr/bin:/bin"].join(":");
    const [command = "", ...args] = [...prefix, ...argv];
    const child = spawn(command, args, { stdio: "pipe", detached: true, env: { PATH, ...env } });
    if (child.pid !== undefined) this.started.push(child.pid);
    return {
      stdin: child.stdin,
      stdout: child.stdout,
      stderr: child.stderr,
      ended: new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, lost: false }))),
      terminate: () => void child.kill("SIGTERM"),
      abandon: () => void child.kill("SIGKILL"),
    };
  }

  protected shellPrefix(): string[] {
    return [];
  }

  protected async end(): Promise<void> {}
}

/** A folder in which `sh` is the given program; for `path` of {@link ChildOptions}. */
export function shellFolder(program: string): { folder: string; remove(): void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), "bpfdesk-sh-"));
  symlinkSync(program, path.join(folder, "sh"));
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
