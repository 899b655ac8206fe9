/**
 * What a virtual machine's kernel starts first: busybox, the drivers of its disks and its network, and a script that
 * gives it an address, mounts the root disk with the kernel's own modules in it, and hands over.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { gzipSync, zstdDecompressSync } from "node:zlib";
import { run } from "../lib/private-apt.mjs";
import { BOOT_MODULES } from "./kernels.mjs";

/** The address is the one the emulator's own network gives; nothing is asked for it. */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "/modules/$module" || echo "initramfs: $module cannot be loaded"; done < /modules/order
for try in 1 2 3 4 5 6 7 8 9 10; do [ -b /dev/vdb ] && break; sleep 1; done
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.2
give_up() { echo "initramfs: $1"; poweroff -f; }
mount -t ext4 /dev/vda /root || give_up "the root disk cannot be mounted"
mkdir -p /root/usr/lib/modules
mount -t ext4 -o ro /dev/vdb /root/usr/lib/modules || give_up "the disk with the modules cannot be mounted"
mkdir -p /root/boot
cp /root/usr/lib/modules/config-* /root/boot/
mount --move /proc /root/proc
mount --move /sys /root/sys
mount --move /dev /root/dev
exec switch_root /root /sbin/init
`;

/** Files of the modules in the order they can be loaded in, as \`modules.dep\` tells; built-in ones are left out. */
export function loadOrder(dependencies, wanted) {
  const needs = new Map();
  for (const line of dependencies.split("\n")) {
    const [file, rest] = line.split(":");
    if (rest !== undefined) needs.set(file, rest.trim().split(/\s+/).filter(Boolean));
  }
  const nameOf = (file) =>
    path
      .basename(file)
      .replace(/\.ko(\..*)?$/, "")
      .replaceAll("-", "_");
  const files = new Map([...needs.keys()].map((file) => [nameOf(file), file]));
  const order = new Set();
  const visit = (file) => {
    for (const need of needs.get(file) ?? []) visit(need);
    order.add(file);
  };
  for (const name of wanted) {
    const file = files.get(name);
    if (file !== undefined) visit(file);
  }
  return [...order];
}

/** The bytes of a module, whatever its distribution packs it with. */
function unpacked(file) {
  if (file.endsWith(".xz")) return run("xz", ["-dc", file]);
  const bytes = fs.readFileSync(file);
  return file.endsWith(".zst") ? zstdDecompressSync(bytes) : bytes;
}

/** A \`newc\` archive entry, as the kernel unpacks it (Documentation/driver-api/early-userspace/buffer-format.rst). */
function entry(name, mode, bytes = Buffer.alloc(0)) {
  const padded = (buffer) => Buffer.concat([buffer, Buffer.alloc((4 - (buffer.length % 4)) % 4)]);
  const nameBytes = Buffer.from(`${name}\0`);
  const fields = [0, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, nameBytes.length, 0];
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(head), nameBytes])), padded(bytes)]);
}

/** @returns {Buffer} the initramfs for the modules of a \`/lib/modules/VERSION\` folder that depmod was run on. */
export function makeInitramfs(modules, busybox) {
  const order = loadOrder(fs.readFileSync(path.join(modules, "modules.dep"), "utf8"), BOOT_MODULES);
  const names = order.map((file) => path.basename(file).replace(/\.ko.*$/, ".ko"));
  const folder = 0o040755;
  const program = 0o100755;
  const archive = Buffer.concat([
    ...["bin", "proc", "sys", "dev", "root", "modules"].map((name) => entry(name, folder)),
    entry("bin/busybox", program, fs.readFileSync(busybox)),
    entry("init", program, Buffer.from(INIT)),
    entry("modules/order", 0o100644, Buffer.from(names.map((name) => `${name}\n`).join(""))),
    ...order.map((file, i) => entry(`modules/${names[i]}`, 0o100644, unpacked(path.join(modules, file)))),
    entry("TRAILER!!!", 0),
  ]);
  return gzipSync(archive, { level: 1 });
}
