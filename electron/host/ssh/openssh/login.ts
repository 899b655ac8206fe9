/**
 * One login by the system's ssh: started, followed by what it tells, its questions passed on to a person,
 * until it stands or has failed. It then stays, holds the connection, and carries the commands.
 */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { createInterface } from "node:readline";
import type { BpfdeskError } from "../../../core/errors.ts";
import type { LinkHop } from "../../../core/ssh/link.ts";
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
  const { ssh, steps, sharing, resolved, limit_ms } = options;
  if (options.identity_file !== undefined) await steps.during(present(options.identity_file, steps));
  const folder = await steps.during(makeFolder(steps.node, sharing));
  const how: LoginArguments = { ...options, folder };
  const argv = [ssh, ...(sharing ? masterArguments(how) : aloneArguments(how, null, null, false))];
  const told = new Told();
  const answers = new Answers(resolved, steps, told, options.known_hosts);
  let refuse: (error: unknown) => void = () => {};
  const direct = resolved.proxy_command === null && options.through === null;
  const stopListening =
    folder.askpass === null
      ? () => {}
      : listenToQuestions(folder, async (question) => {
          const stopWatching = watchLine(question.pid, direct, () => void explain(told, options, folder).then(refuse));
          try {
            return await answers.to(question);
          } catch (error) {
            refuse(error);
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
    void ended.then(async () => reject(await explain(told, options, folder)));
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

/** A key file that was given and is not there: ssh would only warn of it. */
async function present(identity_file: string, steps: Steps): Promise<void> {
  await fs.access(identity_file, fs.constants.R_OK).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "no such file" : error.message;
    throw steps.error({
      code: "identity-file",
      message: `The key file ${identity_file} for ${steps.node} cannot be used: ${why}.`,
      hint: "Choose a private key that OpenSSH or ssh-keygen made.",
    });
  });
}

/** The phases of the connection, from what ssh tells; every line is progress. */
function follow(steps: Steps, told: Told, detail: string | null, resolved: ResolvedHost, limit_ms: number): void {
  if (told.phase !== "ready" && told.phase !== steps.current) {
    const begins = told.phase === "authenticating" ? `as ${resolved.user}` : "";
    steps.enter(told.phase, detail ?? begins, limit_ms);
    return;
  }
  steps.restart();
  if (detail !== null) steps.detail(detail);
}

async function explain(told: Told, options: LoginOptions, folder: PrivateFolder): Promise<Error> {
  const { steps, resolved, through, sharing } = options;
  const refusal = explainRefusal(told, {
    node: steps.node,
    resolved,
    through: through !== null,
    late: steps.loginIsOver,
    batch: !sharing,
  });
  const judged = /^host-key-(changed|revoked)$/.test(refusal.code) ? await ownJudgement(folder, options) : null;
  return judged?.data.code === refusal.code ? judged : steps.error(refusal);
}

/** Our own reading of known_hosts, which names what ssh does not: all known keys, and the new one whole. */
async function ownJudgement(folder: PrivateFolder, options: LoginOptions): Promise<BpfdeskError | null> {
  const noted = await fs.readFile(path.join(folder.path, "keys"), "utf8").catch(() => "");
  const key = /^HOSTNAME \S+ ([A-Za-z0-9+/=]+)$/m.exec(noted)?.[1];
  if (key === undefined) return null;
  const { resolved, known_hosts, steps } = options;
  const user_known_hosts = known_hosts === undefined ? resolved.user_known_hosts : [known_hosts];
  const known = await readKnownHosts([...user_known_hosts, ...resolved.global_known_hosts]);
  const check = new HostKeyCheck({ ...resolved, user_known_hosts }, known, steps);
  return check.judge(Buffer.from(key, "base64"));
}
