/**
 * The root disk that all virtual machines start from: a small Debian with a sshd, the tools a node has, and the programs
 * the tests make traffic with. `root` logs in with a key that is made with the disk and opens nothing else.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { archiveKeyring, archiveUri, run, UnreachableError } from "../lib/private-apt.mjs";
import { USERLAND_PACKAGES, USERLAND_SUITE } from "./kernels.mjs";

const DISK_BYTES = "3G";

/** Units that cost a slow machine seconds and do nothing for it. */
const MASKED = [
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "getty@tty1.service",
  "serial-getty@ttyS0.service",
  "systemd-pstore.service",
  "systemd-random-seed.service",
  "systemd-update-utmp.service",
  "systemd-update-utmp-runlevel.service",
];

/** Made ready for a first start that decides nothing: no questions, no first-boot work, one interface set up by the initramfs. */
const FILES = {
  "etc/hostname": "kernel-test\n",
  "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n10.0.2.15 kernel-test\n",
  "etc/machine-id": "6b65726e656c73746573740000000001\n",
  "etc/fstab": "",
  "etc/resolv.conf": "nameserver 127.0.0.1\n",
  "etc/ssh/sshd_config.d/test.conf": "PermitRootLogin prohibit-password\nPasswordAuthentication no\nUseDNS no\n",
};

function installTree(tree) {
  const keyring = archiveKeyring();
  const args = [
    "--variant=minbase",
    `--include=${USERLAND_PACKAGES.join(",")}`,
    ...(keyring === null ? [] : [`--keyring=${keyring}`]),
    USERLAND_SUITE,
    tree,
    archiveUri(),
  ];
  try {
    run("debootstrap", args);
  } catch (error) {
    const log = path.join(tree, "debootstrap/debootstrap.log");
    const last = fs.existsSync(log) ? fs.readFileSync(log, "utf8").trim().split("\n").slice(-5).join("\n") : "";
    throw new UnreachableError(`${error.message}\n${last}`);
  }
}

/** Nothing in the tests reads these, and the disk is copied whole. */
function removeBallast(tree) {
  for (const dir of [
    "var/cache/apt",
    "var/lib/apt/lists",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
  ])
    fs.rmSync(path.join(tree, dir), { recursive: true, force: true });
}

/** Fills `dir` with `root.img`, `id_ed25519` and `known_hosts` (for the name `kernel-test`). */
export function makeUserland(dir) {
  const tree = path.join(dir, "tree");
  try {
    installTree(tree);
    removeBallast(tree);
    for (const [name, content] of Object.entries(FILES)) {
      fs.rmSync(path.join(tree, name), { force: true });
      fs.writeFileSync(path.join(tree, name), content);
    }
    for (const unit of MASKED) {
      const file = path.join(tree, "etc/systemd/system", unit);
      fs.rmSync(file, { force: true });
      fs.symlinkSync("/dev/null", file);
    }
    const key = path.join(dir, "id_ed25519");
    run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "kernel-test", "-f", key]);
    fs.mkdirSync(path.join(tree, "root/.ssh"), { mode: 0o700, recursive: true });
    fs.writeFileSync(path.join(tree, "root/.ssh/authorized_keys"), fs.readFileSync(`${key}.pub`), { mode: 0o600 });
    // Debian makes all kinds of host keys; one is enough, and its public half is what the tests expect.
    const hostKey = fs.readFileSync(path.join(tree, "etc/ssh/ssh_host_ed25519_key.pub"), "utf8").split(" ");
    fs.writeFileSync(path.join(dir, "host_key.pub"), `${hostKey[0]} ${hostKey[1]}\n`);
    fs.copyFileSync(path.join(tree, "bin/busybox"), path.join(dir, "busybox"));
    run("mke2fs", [
      "-q",
      "-t",
      "ext4",
      "-E",
      "root_owner=0:0",
      "-O",
      "^has_journal",
      "-d",
      tree,
      path.join(dir, "root.img"),
      DISK_BYTES,
    ]);
  } finally {
    fs.rmSync(tree, { recursive: true, force: true });
  }
  return { suite: USERLAND_SUITE };
}
