/**
 * The effective configuration of a host, as OpenSSH itself sees it: `ssh -G` where there is an ssh,
 * otherwise ~/.ssh/config read by us. Called on a person's action only, because `Match exec` runs
 * commands. Connects to nothing.
 */
import { spawn } from "node:child_process";
import * as os from "node:os";
import * as path from "node:path";
import { BpfdeskError } from "../../core/errors.ts";
import { agentSocket } from "./agent-socket.ts";
import { computeConfig } from "./config-file.ts";
import { killGroup } from "./process-group.ts";
import { parseTarget } from "./target.ts";

export { listSshHosts } from "./config-file.ts";

export interface ResolvedHost {
  /** As typed. */
  target: string;
  /** The name given, before HostName is applied. */
  alias: string;
  hostname: string;
  user: string;
  port: number;
  identity_files: string[];
  /** User certificates named by the configuration; this connection cannot use them, and says so. */
  certificate_files: string[];
  /** Socket of the agent, or null for none. */
  agent: string | null;
  identities_only: boolean;
  /** The name to look up in known_hosts instead of the host's, used without port. */
  host_key_alias: string | null;
  user_known_hosts: string[];
  global_known_hosts: string[];
  strict_host_key_checking: "yes" | "ask" | "accept-new" | "no";
  hash_known_hosts: boolean;
  connect_timeout_s: number | null;
  /** Hops in order, each a target of its own. */
  proxy_jump: string[];
  proxy_command: string | null;
  /** Ways to log in that are allowed, in the order to try them. */
  auth_ways: AuthWay[];
  /** How often a password is asked for. */
  password_prompts: number;
  /** Every file the configuration was read from, in order. */
  config_files: string[];
  /** Everything that was listed: names in lower case, values as they are written. */
  config: ReadonlyMap<string, readonly string[]>;
  /** True when there is no OpenSSH and the configuration was read by us. */
  approximate: boolean;
}

const AUTH_WAYS = ["publickey", "keyboard-interactive", "password"] as const;
export type AuthWay = (typeof AUTH_WAYS)[number];

export interface ResolveOptions {
  signal: AbortSignal;
  /** Instead of ~/.ssh/config and the system's file. */
  config_file?: string;
  /** Instead of `ssh` from PATH. */
  ssh_program?: string;
}

const RESOLVE_TIMEOUT_MS = 10_000;
const MAX_STDERR = 256 << 10;

/** Resolves a target. Rejects with `bad-target`, `ssh-config` or `cancelled`, phase `resolving`. */
export async function resolveHost(text: string, options: ResolveOptions): Promise<ResolvedHost> {
  const target = parseTarget(text);
  const listed = await runSshG(target, options);
  const { options: config, files: config_files } =
    listed ?? computeConfig(target.host, target.user, options.config_file);
  const one = (name: string) => config.get(name)?.[0];
  const all = (name: string) => config.get(name) ?? [];

  const user = target.user ?? one("user") ?? os.userInfo().username;
  const port = target.port ?? Number(one("port") ?? 22);
  const hostname = (one("hostname") ?? target.host).replaceAll("%h", target.host);
  const tokens = { d: os.homedir(), h: hostname, n: target.host, p: String(port), r: user, u: os.userInfo().username };
  const files = (values: string[]) => values.filter((value) => value !== "none").map((v) => expand(v, tokens));
  const known = (name: string, fallback: string[]) =>
    files(config.has(name) ? all(name).flatMap(splitWords) : fallback);
  const jump = one("proxyjump");
  const command = one("proxycommand");
  return {
    target: target.text,
    alias: target.host,
    hostname,
    user,
    port,
    identity_files: files(config.has("identityfile") ? all("identityfile") : DEFAULT_IDENTITIES),
    certificate_files: files(all("certificatefile")),
    agent: agentSocket(one("identityagent"), (value) => expand(value, tokens)),
    identities_only: one("identitiesonly") === "yes",
    host_key_alias: one("hostkeyalias") ?? null,
    user_known_hosts: known("userknownhostsfile", ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"]),
    global_known_hosts: known("globalknownhostsfile", ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"]),
    strict_host_key_checking: strictness(one("stricthostkeychecking")),
    hash_known_hosts: one("hashknownhosts") === "yes",
    connect_timeout_s: natural(one("connecttimeout")),
    proxy_jump: jump === undefined || jump === "none" ? [] : expand(jump, tokens).split(","),
    proxy_command: command === undefined || command === "none" ? null : command,
    auth_ways: authWays(one),
    password_prompts: natural(one("numberofpasswordprompts")) ?? 3,
    config_files,
    config,
    approximate: listed === null,
  };
}

const DEFAULT_IDENTITIES = ["~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ed25519"];

/** What `ssh -G` prints and which files it read, or null when there is no ssh. */
function runSshG(
  target: { user: string | null; host: string; port: number | null },
  options: ResolveOptions,
): Promise<{ options: Map<string, string[]>; files: string[] } | null> {
  const args = [
    "-G",
    "-v",
    ...(options.config_file === undefined ? [] : ["-F", options.config_file]),
    ...(target.user === null ? [] : ["-l", target.user]),
    ...(target.port === null ? [] : ["-p", String(target.port)]),
    "--",
    target.host,
  ];
  const failed = (why: string, cause: string) =>
    new BpfdeskError({
      code: "ssh-config",
      message: `The SSH configuration for ${target.host} cannot be used: ${why}.`,
      hint: `Run ssh -G ${target.host} in a terminal and correct what it names.`,
      phase: "resolving",
      node: target.host,
      ...(cause === "" ? {} : { cause }),
    });
  return new Promise((resolve, reject) => {
    // In a group of its own: what `Match exec` runs holds ssh's stderr open, and is ended with it.
    const child = spawn(options.ssh_program ?? "ssh", args, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    const end = () => killGroup(child);
    const limit = setTimeout(end, RESOLVE_TIMEOUT_MS);
    if (options.signal.aborted) end();
    options.signal.addEventListener("abort", end, { once: true });
    const over = () => {
      clearTimeout(limit);
      options.signal.removeEventListener("abort", end);
    };
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (bytes: Buffer) => {
      stdout += bytes.toString();
    });
    child.stderr.on("data", (bytes: Buffer) => {
      stderr = (stderr + bytes.toString()).slice(-MAX_STDERR);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      over();
      if (error.code === "ENOENT") resolve(null);
      else reject(failed("ssh could not be started", error.message));
    });
    child.on("close", (code, signal) => {
      over();
      if (options.signal.aborted) return reject(cancelledResolving(target.host));
      const lines = stderr.split(/\r?\n/);
      const said = lines.filter((line) => !/^(debug\d|OpenSSH_)/.test(line)).join("\n");
      if (code === 0) resolve({ options: parseOptions(stdout), files: filesRead(lines) });
      else if (signal !== null) reject(failed(`ssh -G took longer than ${RESOLVE_TIMEOUT_MS / 1000} s`, said.trim()));
      else reject(failed("ssh -G refused it", said.trim().slice(-2000)));
    });
  });
}

/** With -v ssh names each file as it reads it. It reads them twice when a `Match final` is there. */
function filesRead(lines: string[]): string[] {
  const found = lines.map((line) => /^debug1: Reading configuration data (.*)$/.exec(line)?.[1]);
  return [...new Set(found.filter((file) => file !== undefined))];
}

/** Lines `name value`; a name that comes several times keeps all its values. */
function parseOptions(text: string): Map<string, string[]> {
  const options = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const space = line.indexOf(" ");
    if (space < 0) continue;
    const name = line.slice(0, space);
    options.set(name, [...(options.get(name) ?? []), line.slice(space + 1)]);
  }
  return options;
}

function cancelledResolving(node: string): BpfdeskError {
  const message = `Resolving ${node} was cancelled.`;
  return new BpfdeskError({ code: "cancelled", message, hint: "", phase: "resolving", node });
}

/** `~` and the tokens of ssh_config(5) that file names use. */
function expand(value: string, tokens: Record<string, string>): string {
  const bare = value.replace(/^"(.*)"$/, "$1");
  const text = bare.replace(/%(.)/g, (whole, letter: string) => (letter === "%" ? "%" : (tokens[letter] ?? whole)));
  return text === "~" || text.startsWith("~/") ? path.join(os.homedir(), text.slice(1)) : text;
}

function splitWords(value: string): string[] {
  return (value.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""));
}

/** PreferredAuthentications, less what is switched off. */
function authWays(one: (name: string) => string | undefined): AuthWay[] {
  const off = (name: string) => ["no", "false"].includes(one(name) ?? "");
  const allowed = AUTH_WAYS.filter(
    (way) =>
      !(way === "publickey" && off("pubkeyauthentication")) &&
      !(way === "keyboard-interactive" && off("kbdinteractiveauthentication")) &&
      !(way === "password" && off("passwordauthentication")),
  );
  const preferred = one("preferredauthentications")?.split(",");
  return preferred === undefined ? allowed : preferred.flatMap((name) => allowed.filter((way) => way === name.trim()));
}

/** ssh -G prints `true`/`false` for yes and no here. */
function strictness(value: string | undefined): ResolvedHost["strict_host_key_checking"] {
  if (value === "yes" || value === "true") return "yes";
  if (value === "no" || value === "off" || value === "false") return "no";
  return value === "accept-new" ? "accept-new" : "ask";
}

function natural(value: string | undefined): number | null {
  const number = Number(value);
  return value !== undefined && Number.isInteger(number) && number > 0 ? number : null;
}
