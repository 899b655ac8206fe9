/** The command lines of ssh: one that logs in and stays, one for each command over it. Options come before `--`. */
import { quoteArgv } from "../../transport/quote.ts";
import type { ResolvedHost } from "../resolve.ts";
import type { PrivateFolder } from "./folder.ts";

export interface LoginArguments {
  resolved: ResolvedHost;
  folder: PrivateFolder;
  config_file: string | undefined;
  identity_file: string | undefined;
  known_hosts: string | undefined;
  /** The connection of the hop before, when there is one. */
  through: { ssh: string; socket: string; host: string } | null;
}

/** Against a configuration that would change a command's bytes, end it, or give the node access to this machine. */
const PLAIN = [
  "EscapeChar=none",
  "ForwardAgent=no",
  "ForwardX11=no",
  "ClearAllForwardings=yes",
  "PermitLocalCommand=no",
  "RemoteCommand=none",
  "Tunnel=no",
  "VisualHostKey=no",
  "FingerprintHash=sha256",
  "ServerAliveInterval=15",
  "ServerAliveCountMax=3",
  "ForkAfterAuthentication=no",
  "StdinNull=no",
];
/** Options younger than the oldest ssh that is met (8.0). */
const YOUNG = "SessionType,ForkAfterAuthentication,StdinNull,KnownHostsCommand";

/** Logs in, shares the connection at the folder's socket, and runs nothing. */
export function masterArguments(how: LoginArguments): string[] {
  const sharing = ["ControlMaster=yes", `ControlPath=${quoteValue(how.folder.socket)}`, "ControlPersist=no"];
  return [...loginOptions(how, false), ...options(sharing), "-N", "-T", ...destination(how.resolved)];
}

/** Logs in without sharing and without asking; with `command` runs it, otherwise stays. */
export function aloneArguments(
  how: LoginArguments,
  log: string | null,
  command: string | null,
  tty: boolean,
): string[] {
  return [
    ...loginOptions(how, true),
    ...options(["ControlMaster=no", "ControlPath=none", ...(command === null ? [] : ["SessionType=default"])]),
    ...(log === null ? [] : ["-E", log]),
    ...(command === null ? ["-N", "-T"] : [tty ? "-tt" : "-T"]),
    ...destination(how.resolved),
    ...(command === null ? [] : [command]),
  ];
}

/** Runs a command over the shared connection, and fails when that is gone: never makes one of its own. */
export function sessionArguments(socket: string, host: string, log: string, command: string, tty: boolean): string[] {
  return [...overSocket(socket), "-o", "LogLevel=DEBUG2", "-E", log, tty ? "-tt" : "-T", "--", host, command];
}

function overSocket(socket: string): string[] {
  return [
    "-F",
    "none",
    ...options([
      "ControlMaster=no",
      `ControlPath=${quoteValue(socket)}`,
      "EscapeChar=none",
      "BatchMode=yes",
      "ProxyCommand=false",
    ]),
  ];
}

function loginOptions({ resolved, folder, through, ...given }: LoginArguments, batch: boolean): string[] {
  const { config_file, identity_file, known_hosts } = given;
  const proxy = through === null ? [] : [`ProxyCommand=${proxyCommand(through, resolved)}`, "ProxyUseFdpass=no"];
  const ignored = [...(resolved.config.get("ignoreunknown") ?? []), YOUNG].join(",");
  const own = resolved.config.get("knownhostscommand")?.[0] ?? "none";
  const keys =
    folder.askpass !== null && own === "none" ? [`KnownHostsCommand=${quoteValue(folder.askpass)} %I %t %K`] : [];
  return [
    "-v",
    ...(config_file === undefined ? [] : ["-F", config_file]),
    ...(identity_file === undefined ? [] : ["-i", identity_file]),
    ...options([
      `IgnoreUnknown=${ignored}`,
      ...(known_hosts === undefined ? [] : [`UserKnownHostsFile=${quoteValue(known_hosts)}`]),
      // Accepting whatever key comes is nobody's wish: as for bpfdesk's own connection.
      ...(resolved.strict_host_key_checking === "no" ? ["StrictHostKeyChecking=accept-new"] : []),
      `BatchMode=${batch ? "yes" : "no"}`,
      ...proxy,
      ...keys,
      ...PLAIN,
    ]),
    "-l",
    resolved.user,
    "-p",
    String(resolved.port),
  ];
}

/** ssh gives this to the user's shell, after replacing `%`: every word is quoted. */
function proxyCommand({ ssh, socket, host }: { ssh: string; socket: string; host: string }, to: ResolvedHost): string {
  const argv = [ssh, ...overSocket(socket), "-W", `[${to.hostname}]:${to.port}`, "--", host];
  return quoteArgv(argv).replaceAll("%", "%%");
}

function destination(resolved: ResolvedHost): string[] {
  return ["--", resolved.alias];
}

function options(values: readonly string[]): string[] {
  return values.flatMap((value) => ["-o", value]);
}

/** A file name as a value of the configuration: blanks, `%` and `"` are part of it. */
function quoteValue(file: string): string {
  return `"${file.replace(/["\\]/g, "\\$&").replaceAll("%", "%%")}"`;
}
