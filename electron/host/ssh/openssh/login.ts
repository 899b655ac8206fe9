/**
 * One login by the system's ssh: started, followed by what it tells, its questions passed on to a person,
 * until it stands or has failed. It then stays, holds the connection, and carries the commands.
 */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { BpfdeskError } from "../../../core/errors.ts";
import type { LinkHop } from "../../../core/ssh/link.ts";
import { unreadable } from "../hops.ts";
import { HostKeyCheck } from "../host-key.ts";
import { readKnownHosts } from "../known-hosts.ts";
import type { ResolvedHost } from "../resolve.ts";
import type { Steps } from "../steps.ts";
import { Answers } from "./answers.ts";
import { aloneArguments, type LoginArguments, masterArguments } from "./arguments.ts";
import { listenToQuestions } from "./askpass.ts";
import { makeFolder, type PrivateFolder } from "./folder.ts";
import { watchLine } from "./line-watch.ts";
import { startKept } from "./process.ts";
import { explainRefusal } from "./refusal.ts";
import { Told } from "./told.ts";

export interface LoginOptions extends Omit<LoginArguments, "folder"> {
  ssh: string;
  steps: Steps;
  limit_ms: number;
  /** Commands share this connection; otherwise each makes its own and this one only shows that the node is there. */
  sharing: boolean;
}

export interface Login {
  folder: PrivateFolder;
  how: LoginArguments;
  hop: LinkHop;
  readonly alive: boolean;
  /** Resolves with ssh's last words when the connection is over, however. */
  ended: Promise<string>;
  /** Ends it and waits until nothing of it is left. */
  end(): Promise<void>;
}

/** Rejects with a BpfdeskError; nothing is left then. */
export async function login(options: LoginOptions): Promise<Login> {
  const { ssh, steps, sharing, limit_ms } = options;
  const user_known_hosts =
    options.known_hosts === undefined ? options.resolved.user_known_hosts : [options.known_hosts];
  const resolved = { ...options.resolved, user_known_hosts };
  const known = await steps
    .during(readKnownHosts([...user_known_hosts, ...resolved.global_known_hosts]))
    .catch((error) => {
      throw error instanceof BpfdeskError ? error : unreadable(steps, error);
    });
  if (options.identity_file !== undefined) await steps.during(usable(options.identity_file, steps));
  const making = makeFolder(steps.node, sharing);
  const folder = await steps.during(making).catch((error: unknown) => {
    void making.then(
      (made) => made.remove(),
      () => {},
    );
    throw error;
  });
  const how: LoginArguments = { ...options, folder };
  const argv = [ssh, ...(sharing ? masterArguments(how) : aloneArguments(how, null, null, false))];
  const told = new Told();
  const answers = new Answers(resolved, known, steps, told);
  let refuse: (error: unknown) => void = () => {};
  const check = new HostKeyCheck(resolved, known, steps);
  const explained = () => explain(told, check, folder, options);
  const direct = resolved.proxy_command === null && options.through === null;
  const stopListening =
    folder.askpass === null
      ? () => {}
      : listenToQuestions(folder, async (question) => {
          const stopWatching = watchLine(question.pid, direct, () => void explained().then(refuse));
          try {
            return await answers.to(question);
          } catch (error) {
            refuse(error);
            // ssh would take a no for an empty answer, send it, and go on asking: it gets none, and is ended.
            await running.ended;
            return null;
          } finally {
            stopWatching();
          }
        });
  const running = startKept(argv, folder.path, folder.askpass);
  let alive = true;
  const ended = running.ended.then(async () => {
    alive = false;
    stopListening();
    return told.words.slice(-3).join("\n");
  });
  const end = async () => {
    await running.end();
    await ended;
    await folder.remove();
  };

  steps.loginBegins();
  const standing = new Promise<void>((resolve, reject) => {
    refuse = reject;
    createInterface({ input: running.stderr, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => {
      const detail = told.read(line);
      if (told.phase === "ready") resolve();
      else if (alive) follow(steps, told, detail, resolved, limit_ms);
    });
    void ended.then(async () => reject(await explained()));
  });
  try {
    await steps.during(standing);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    folder,
    how,
    hop: told.hop(steps.node),
    get alive() {
      return alive;
    },
    ended,
    end,
  };
}

/** A key file that was given and that ssh would only warn of. */
async function usable(identity_file: string, steps: Steps): Promise<void> {
  const read = async () => ((await fs.stat(identity_file)).isFile() ? fs.readFile(identity_file, "latin1") : null);
  const why = await read().then(
    (text) => {
      if (text === null) return "not a key file";
      return text.startsWith("PuTTY-User-Key-File") ? "the system's ssh does not read PuTTY's format" : null;
    },
    (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? "no such file" : error.message),
  );
  if (why === null) return;
  throw steps.error({
    code: "identity-file",
    message: `The key file ${identity_file} for ${steps.node} cannot be used: ${why}.`,
    hint: "Choose a private key that OpenSSH or ssh-keygen made; puttygen -O private-openssh converts one.",
  });
}

/** The phases of the connection, from what ssh tells; every line is progress. */
function follow(steps: Steps, told: Told, detail: string | null, resolved: ResolvedHost, limit_ms: number): void {
  if (told.phase !== "ready" && told.phase !== steps.current) {
    const begins = told.phase === "authenticating" ? `as ${resolved.user}` : "";
    steps.enter(told.phase, detail ?? begins, limit_ms);
    if (told.phase === "host_key" && resolved.strict_host_key_checking === "no") {
      steps.detail("StrictHostKeyChecking no is treated as accept-new: a changed key is refused");
    }
    return;
  }
  steps.restart();
  if (detail !== null) steps.detail(detail);
}

async function explain(told: Told, check: HostKeyCheck, folder: PrivateFolder, options: LoginOptions): Promise<Error> {
  const { steps, resolved, through, sharing } = options;
  const refusal = explainRefusal(told, {
    node: steps.node,
    resolved,
    through: through !== null,
    late: steps.loginIsOver,
    batch: !sharing,
  });
  if (!/^host-key-(changed|revoked)$/.test(refusal.code)) return steps.error(refusal);
  // Our own reading of known_hosts names what ssh does not: all known keys, and the new one whole.
  const noted = await fs.readFile(path.join(folder.path, "keys"), "utf8").catch(() => "");
  const key = /^HOSTNAME \S+ ([A-Za-z0-9+/=]+)$/m.exec(noted)?.[1];
  const judged = key === undefined ? null : check.judge(Buffer.from(key, "base64"));
  return judged?.data.code === refusal.code ? judged : steps.error(refusal);
}
