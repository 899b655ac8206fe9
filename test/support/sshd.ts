/**
 * A real OpenSSH server for tests: 127.0.0.1, a free port, its own users, keys and host keys, and
 * nothing of it left behind.
 *
 * A Node listener takes the connections and gives each to `sshd -i` inside a mount namespace, so the
 * same server can put its sessions into any other namespace (`enter`), such as those of the lab's node.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  authorizeKeys,
  bindScript,
  prepareSshdFiles,
  type SshdFiles,
  type SshdFilesOptions,
  type TestUserName,
} from "./sshd-files.ts";

export { bindScript, NOISE, prepareSshdFiles, type SshdFiles, type TestUserName } from "./sshd-files.ts";

export interface SshdOptions extends SshdFilesOptions {
  /** Lines put before everything else in sshd_config (the first value wins), e.g. `MaxSessions 2`. */
  config?: string[];
  /** Text of the banner shown before authentication. */
  banner?: string;
  /** Which authentication methods the server offers; all by default. Keyboard-interactive needs PAM. */
  methods?: ("publickey" | "password" | "keyboard-interactive")[];
  /** `ed25519` and `ecdsa` by default. */
  host_key_types?: ("ed25519" | "ecdsa" | "rsa")[];
  /**
   * Run the sessions elsewhere: argv put before `sshd`, e.g. `["nsenter", "--net=…", "--mount=…", "--"]`.
   * That namespace must have had `bindScript(files)` run in it, and `files` must be given; their folder
   * stays the caller's to remove.
   */
  enter?: string[];
  files?: SshdFiles;
}

export interface TestSshd {
  host: string;
  port: number;
  /** Temporary folder, readable by root; free for the test's own files, removed by `stop`. */
  dir: string;
  /** Public part and SHA256 fingerprint of every host key. */
  hostKeys: { type: string; blob: string; fingerprint: string }[];
  /** Lines for a known_hosts file, one a host key. */
  knownHostsLine: string;
  /** A file with `knownHostsLine`, written again by `rotateHostKey`. */
  knownHosts: string;
  keyFile: string;
  encryptedKeyFile: string;
  passphrase: string;
  passwords: Record<TestUserName, string>;
  /** Starts an ssh-agent that holds `keyFile` and returns its socket. */
  startAgent(): Promise<string>;
  /** Replaces every host key; connections made before keep theirs. */
  rotateHostKey(): void;
  /** Listens on further ports too, as so many nodes with the same keys; `knownHosts` names them. */
  morePorts(count: number): Promise<number[]>;
  /** How many connections are being served. */
  connections(): number;
  /** What sshd wrote to its log. */
  log(): string;
  /** Pids of all processes in the server's own mount namespace other than its holder. */
  processes(): number[];
  /** Ends everything, removes the folder, and throws when a process of a session had to be killed. */
  stop(): Promise<void>;
}

/** Starts the server. Needs root on Linux, OpenSSH, sudo and perl. */
export async function startSshd(options: SshdOptions = {}): Promise<TestSshd> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-sshd-"));
  fs.chmodSync(dir, 0o711);
  const filesDir = path.join(dir, "root");
  if (options.files === undefined) fs.mkdirSync(filesDir);
  const files = options.files ?? prepareSshdFiles(filesDir, options);

  const keyFile = makeKey(path.join(dir, "id_ed25519"), "ed25519");
  const passphrase = randomBytes(9).toString("hex");
  const encryptedKeyFile = makeKey(path.join(dir, "id_encrypted"), "ed25519", passphrase);
  authorizeKeys(
    files,
    [keyFile, encryptedKeyFile].map((file) => fs.readFileSync(`${file}.pub`, "utf8").trim()),
  );
  const knownHosts = path.join(dir, "known_hosts");
  const conf = path.join(dir, "sshd_config");
  const types = options.host_key_types ?? ["ed25519", "ecdsa"];

  const servers: net.Server[] = [];
  const listen = async () => {
    const server = net.createServer({ pauseOnConnect: true, noDelay: true });
    server.on("connection", (socket) => serve(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    servers.push(server);
    return (server.address() as net.AddressInfo).port;
  };
  const ports = [await listen()];
  const [port = 0] = ports;

  const giveUp = (error: unknown): never => {
    for (const server of servers) server.close();
    fs.rmSync(dir, { recursive: true, force: true });
    throw error;
  };
  const rotateHostKey = () => {
    sshd.hostKeys = types.map((type) => {
      const file = path.join(dir, `host_${type}`);
      fs.rmSync(file, { force: true });
      makeKey(file, type);
      const [keyType = "", blob = ""] = fs.readFileSync(`${file}.pub`, "utf8").split(" ");
      const digest = createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "");
      return { type: keyType, blob, fingerprint: `SHA256:${digest}` };
    });
    writeKnownHosts();
  };
  const writeKnownHosts = () => {
    const lines = ports.map((one) =>
      sshd.hostKeys.map((key) => `[127.0.0.1]:${one} ${key.type} ${key.blob}\n`).join(""),
    );
    [sshd.knownHostsLine = ""] = lines;
    fs.writeFileSync(knownHosts, lines.join(""));
  };

  const holder = options.enter === undefined ? await holdNamespace(files).catch(giveUp) : null;
  const enter = options.enter ?? ["nsenter", `--mount=/proc/${holder?.pid}/ns/mnt`, "--"];
  const namespace = holder === null ? "" : fs.readlinkSync(`/proc/${holder.pid}/ns/mnt`);
  const serving = new Set<ChildProcess>();
  const agents: ChildProcess[] = [];
  let log = "";

  function serve(socket: net.Socket): void {
    const [command = "", ...args] = [...enter, "/usr/sbin/sshd", "-i", "-e", "-f", conf];
    // In a group of its own, as a daemon's are: sshd ends its group when the time for a login is over.
    const how = { detached: true, env: { PATH: process.env.PATH } };
    const child = spawn(command, args, { ...how, stdio: [socket, socket, "pipe"] });
    serving.add(child);
    child.on("spawn", () => socket.destroy());
    child.on("error", () => socket.destroy());
    child.on("exit", () => serving.delete(child));
    child.stderr.on("data", (bytes: Buffer) => {
      log += bytes.toString();
    });
  }

  const sshd: TestSshd = {
    host: "127.0.0.1",
    port,
    dir,
    hostKeys: [],
    knownHostsLine: "",
    knownHosts,
    keyFile,
    encryptedKeyFile,
    passphrase,
    passwords: Object.fromEntries(
      Object.values(files.users).map((user) => [user.name, user.password]),
    ) as TestSshd["passwords"],
    rotateHostKey,
    async morePorts(count) {
      for (let more = 0; more < count; more++) ports.push(await listen());
      writeKnownHosts();
      return ports.slice(-count);
    },
    connections: () => serving.size,
    log: () => log,
    processes: () => (namespace === "" ? [] : processesIn(namespace).filter((pid) => pid !== holder?.pid)),
    async startAgent() {
      const socket = path.join(dir, `agent-${agents.length}.sock`);
      const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
      agents.push(agent);
      while (!fs.existsSync(socket)) await delay(5);
      execFileSync("ssh-add", ["-q", keyFile], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "pipe" });
      return socket;
    },
    async stop() {
      for (const server of servers) server.close();
      for (const agent of agents) await end(agent, "SIGTERM");
      // Sessions whose client is gone end by themselves; what does not is a leftover.
      const deadline = Date.now() + 5000;
      while ((serving.size > 0 || sshd.processes().length > 0) && Date.now() < deadline) await delay(20);
      const left = sshd.processes().map(describe);
      for (const pid of sshd.processes()) kill(pid);
      const stuck = serving.size;
      for (const child of serving) await end(child, "SIGKILL");
      if (holder !== null) await end(holder, "SIGKILL");
      fs.rmSync(dir, { recursive: true, force: true });
      if (left.length > 0 || stuck > 0) {
        throw new Error(`the test sshd left ${stuck} connections and these processes behind:\n${left.join("\n")}`);
      }
    },
  };
  rotateHostKey();
  fs.writeFileSync(conf, configText(options, dir, port, types));
  return sshd;
}

function configText(options: SshdOptions, dir: string, port: number, types: string[]): string {
  const methods = options.methods ?? ["publickey", "password", "keyboard-interactive"];
  const offers = (name: (typeof methods)[number]) => (methods.includes(name) ? "yes" : "no");
  if (options.banner !== undefined) fs.writeFileSync(path.join(dir, "banner"), options.banner);
  return [
    ...(options.config ?? []),
    `Port ${port}`,
    ...types.map((type) => `HostKey ${dir}/host_${type}`),
    "PidFile none",
    "PermitRootLogin yes",
    "UseDNS no",
    "PrintMotd no",
    "PrintLastLog no",
    "LogLevel VERBOSE",
    `PubkeyAuthentication ${offers("publickey")}`,
    `PasswordAuthentication ${offers("password")}`,
    `KbdInteractiveAuthentication ${offers("keyboard-interactive")}`,
    // The only backend of keyboard-interactive; its service file is private too.
    `UsePAM ${offers("keyboard-interactive")}`,
    ...(options.banner === undefined ? [] : [`Banner ${dir}/banner`]),
    "Subsystem sftp internal-sftp",
    "",
  ].join("\n");
}

/** A process that keeps the mount namespace alive until it is ended or this process dies. */
async function holdNamespace(files: SshdFiles): Promise<ChildProcess> {
  const script = `${bindScript(files)}\necho ready\nexec cat >/dev/null`;
  const holder = spawn("unshare", ["-m", "--propagation", "private", "sh", "-c", script], { stdio: "pipe" });
  let errors = "";
  holder.stderr.on("data", (bytes: Buffer) => {
    errors += bytes.toString();
  });
  await Promise.race([once(holder.stdout, "data"), once(holder, "exit")]);
  if (holder.exitCode !== null) throw new Error(`the private namespace of the test sshd failed: ${errors}`);
  return holder;
}

function makeKey(file: string, type: string, passphrase = ""): string {
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", "bpfdesk test", "-f", file]);
  return file;
}

function processesIn(namespace: string): number[] {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return fs.readlinkSync(`/proc/${pid}/ns/mnt`) === namespace;
      } catch {
        return false; // ended meanwhile
      }
    })
    .map(Number);
}

function describe(pid: number): string {
  try {
    return `${pid}: ${fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").slice(0, 300)}`;
  } catch {
    return `${pid}: ended`;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // ended meanwhile
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}
