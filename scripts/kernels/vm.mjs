/**
 * Starts a virtual machine of a kernel and gives an ordinary SSH target for it. No KVM: every instruction is emulated, so
 * that it works anywhere, at a tenth of the speed. The disk is thrown away at the end; the machine sees nothing but us.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CACHE } from "./cache.mjs";

/** On two busy cores a start takes up to a minute; without others at work, 15 s. */
const START_LIMIT_MS = 240_000;
/** A forwarded port answers before the machine does, so what counts is the server's first line. */
const BANNER_LIMIT_MS = 5_000;
const PORT_TRIES = 5;

/** The kernel's packages, or those of the userland, cannot be reached. */
export class KernelUnreachable extends Error {}

/**
 * Makes a kernel's parts where they are missing.
 * @returns {Promise<{release: string, suite: string}>}
 */
export async function ensureKernel(name) {
  const child = spawn("node", [path.join(import.meta.dirname, "build.mjs"), name], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let said = "";
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => {
    said += chunk;
    process.stderr.write(chunk);
  });
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (code === 3) throw new KernelUnreachable(said.trim());
  if (code !== 0) throw new Error(`the kernel ${name} could not be made ready: ${said.trim()}`);
  const [, release, suite] = out.trim().split("\t");
  return { release, suite };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Does a SSH server answer there? */
function answers(port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host: "127.0.0.1", port });
    const settle = (yes) => {
      socket.destroy();
      resolve(yes);
    };
    socket.setTimeout(BANNER_LIMIT_MS, () => settle(false));
    socket.once("data", (chunk) => settle(chunk.toString("latin1").startsWith("SSH-")));
    socket.once("error", () => settle(false));
    socket.once("close", () => settle(false));
  });
}

/**
 * The plainest processor: what is emulated of newer ones (AVX2, AES, SMAP) costs more than it saves, for SSH twice as much.
 * Without CMPXCHG16B, which qemu 7.2 emulates with wrong flags (the flags' state is not written back before
 * helper_cmpxchg16b_unlocked reads it): 6.12's slab allocator crashes on it every other start. Kernels have another way for
 * processors without it.
 */
const CPU = "qemu64,-cx16";

/**
 * The emulated HPET is a device, and every look at it stops the machine; the emulated TSC is the host's clock, which never
 * jumps. An emulator has no speculation to be guarded against, and what guards costs it every indirect call.
 */
const KERNEL_ARGS = "console=ttyS0 quiet net.ifnames=0 panic=-1 tsc=reliable mitigations=off";

function qemuArgs({ name, port, console: consoleFile }) {
  const file = (...parts) => path.join(CACHE, ...parts);
  // A comma separates options and is written twice inside of one.
  const disk = (image, more) => `file=${image.replaceAll(",", ",,")},format=raw,if=virtio${more}`;
  return [
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none"],
    ...["-accel", "tcg,thread=multi", "-cpu", CPU, "-smp", "2", "-m", "1024"],
    ...["-kernel", file(name, "vmlinuz"), "-initrd", file(name, "initrd")],
    ...["-append", KERNEL_ARGS],
    ...["-serial", `file:${consoleFile}`],
    ...["-drive", disk(file("userland", "root.img"), ",snapshot=on")],
    ...["-drive", disk(file(name, "modules.img"), ",readonly=on")],
    ...[
      "-netdev",
      `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`,
      "-device",
      "virtio-net-pci,netdev=net,romfile=",
    ],
  ];
}

/** Dies with the process that started it, however that ends. */
function startQemu(options) {
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", "qemu-system-x86_64", ...qemuArgs(options)], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, TMPDIR: options.dir },
  });
  const machine = { child, said: "", over: false, ended: undefined };
  child.stderr.on("data", (chunk) => (machine.said += chunk));
  machine.ended = new Promise((resolve) => {
    const end = () => {
      machine.over = true;
      resolve();
    };
    child.once("close", end);
    child.once("error", (error) => {
      machine.said += error.message;
      end();
    });
  });
  return machine;
}

const PREFIX = "bpfdesk-vm-";

/** Folders of machines whose process was killed; the machine ended with it. */
function removeOrphans() {
  for (const name of fs.readdirSync(os.tmpdir())) {
    const [, pid] = /^bpfdesk-vm-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !fs.existsSync(`/proc/${pid}`))
      fs.rmSync(path.join(os.tmpdir(), name), { recursive: true, force: true });
  }
}

function lastLines(file, count) {
  if (!fs.existsSync(file)) return "";
  return fs.readFileSync(file, "utf8").trimEnd().split("\n").slice(-count).join("\n");
}

/**
 * Starts a machine and waits until its SSH server answers.
 * @param {string} name of {@link KERNELS}
 * @param {{limit_ms?: number, signal?: AbortSignal}} [options]
 * @returns {Promise<{kernel: string, release: string, suite: string, target: string, port: number, identity_file: string,
 *   known_hosts: string, pid: number, dir: string, ended: Promise<void>, console(lines: number): string, stop(): Promise<void>}>}
 * Rejects with a KernelUnreachable, or with the machine's last words.
 */
export async function bootKernel(name, { limit_ms = START_LIMIT_MS, signal } = {}) {
  const facts = await ensureKernel(name);
  removeOrphans();
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), `${PREFIX}${process.pid}-`));
  const consoleFile = path.join(dir, "console");
  const deadline = Date.now() + limit_ms;
  let machine;
  const stop = async () => {
    machine?.child.kill("SIGKILL");
    await machine?.ended;
    fs.rmSync(dir, { recursive: true, force: true });
  };
  try {
    for (let tried = 1; ; tried += 1) {
      const port = await freePort();
      machine = startQemu({ name, port, dir, console: consoleFile });
      while (!machine.over && Date.now() < deadline && !signal?.aborted) {
        if (await answers(port)) return ready(port);
        await Promise.race([delay(250), machine.ended]);
      }
      signal?.throwIfAborted();
      // Someone else may have taken the port meanwhile.
      if (machine.over && machine.said.includes("host forwarding") && tried < PORT_TRIES) continue;
      const what = machine.over
        ? `ended before it answered: ${machine.said.trim()}`
        : `did not answer in ${limit_ms} ms`;
      throw new Error(`the virtual machine of kernel ${name} ${what}\n${lastLines(consoleFile, 30)}`);
    }
  } catch (error) {
    await stop();
    throw error;
  }

  function ready(port) {
    const known_hosts = path.join(dir, "known_hosts");
    const key = fs.readFileSync(path.join(CACHE, "userland", "host_key.pub"), "utf8");
    fs.writeFileSync(known_hosts, `[127.0.0.1]:${port} ${key}`);
    return {
      kernel: name,
      ...facts,
      target: `root@127.0.0.1:${port}`,
      port,
      identity_file: path.join(CACHE, "userland", "id_ed25519"),
      known_hosts,
      pid: machine.child.pid,
      dir,
      ended: machine.ended,
      console: (lines) => lastLines(consoleFile, lines),
      stop,
    };
  }
}
