/**
 * The private user database of the test sshd: passwd, shadow, group, sudoers, PAM and home folders in
 * a temporary folder, and the shell text that binds them over /etc in a mount namespace of its own.
 * So the test users exist only in there, and the machine's own files are never written.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

export interface TestUser {
  name: string;
  uid: number;
  home: string;
  password: string;
}

export interface SshdFiles {
  /** Shell text that the mount namespace needs beside the usual, see {@link bindScript}. */
  more: string;
  /** Root-owned, mode 0711: users must be able to pass through to their homes. */
  dir: string;
  users: Record<TestUserName, TestUser>;
}

/** root; sudo without password; sudo with password; no sudo. */
export const TEST_USERS = ["root", "engineer", "careful", "nobody-special"] as const;
export type TestUserName = (typeof TEST_USERS)[number];

export interface SshdFilesOptions {
  /** Lines put at the end of sudoers, e.g. `Defaults requiretty`. */
  sudoers?: string[];
  /** Service files of /etc/pam.d by name, instead of plain passwords. */
  pam?: Record<string, string>;
  /** Lines of /etc/doas.conf. */
  doas?: string[];
  /** Programs that are not there, by path. */
  hide?: string[];
  /** Passwords of users, instead of random ones. */
  passwords?: Partial<Record<TestUserName, string>>;
  /** Keyboard-interactive wants this one-time code after the password. Needs gcc. */
  otp?: string;
  /** Instead of bash, for every user but root. */
  shell?: string;
  /** Login shells print a banner on stdout and stderr even for commands, as noisy profiles do. */
  noisy?: boolean;
}

/** What a noisy profile prints on both streams, without an end of line at the very end. */
export const NOISE = '*** Welcome to node-7 ***\n{"this":"is not the output"}\nuptime: 3 days, load: ';

const PAM = `auth required pam_unix.so nodelay
account required pam_unix.so
session required pam_permit.so
`;

/**
 * Writes the files into `dir` (which must exist and belong to root) and returns the users with fresh
 * passwords. Every user has an empty `~/.ssh/authorized_keys` that `authorizeKeys` fills.
 */
export function prepareSshdFiles(dir: string, options: SshdFilesOptions = {}): SshdFiles {
  fs.chmodSync(dir, 0o711);
  const etc = path.join(dir, "etc");
  fs.mkdirSync(path.join(dir, "home"), { mode: 0o755 });
  fs.mkdirSync(etc, { mode: 0o755 });
  fs.mkdirSync(path.join(dir, "old-run"), { mode: 0o755 });

  const users = Object.fromEntries(
    TEST_USERS.map((name, index) => [
      name,
      {
        name,
        uid: index === 0 ? 0 : 20_100 + index,
        home: path.join(dir, "home", name),
        password: options.passwords?.[name] ?? randomBytes(12).toString("hex"),
      },
    ]),
  ) as Record<TestUserName, TestUser>;

  const ours = new Set<string>(TEST_USERS);
  const passwd = keepOthers("/etc/passwd", ours);
  const shadow = keepOthers("/etc/shadow", ours);
  const group = keepOthers("/etc/group", new Set(TEST_USERS.slice(1)));
  for (const user of Object.values(users)) {
    passwd.push(
      `${user.name}:x:${user.uid}:${user.uid}:test user:${user.home}:${(user.uid !== 0 && options.shell) || "/bin/bash"}`,
    );
    shadow.push(`${user.name}:${hashPassword(user.password)}:19000:0:99999:7:::`);
    if (user.uid !== 0) group.push(`${user.name}:x:${user.uid}:`);
    makeHome(user, options.noisy === true);
  }
  // sshd drops its unprivileged part to this user; a machine without a running sshd may lack it.
  if (!passwd.some((line) => line.startsWith("sshd:"))) passwd.push("sshd:x:20199:65534::/run/sshd:/usr/sbin/nologin");

  const sudoers = [
    "Defaults env_reset, lecture=never, !mail_badpass",
    'Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"',
    "root ALL=(ALL:ALL) ALL",
    "engineer ALL=(ALL:ALL) NOPASSWD: ALL",
    "careful ALL=(ALL:ALL) ALL",
    ...(options.sudoers ?? []),
  ];
  writeLines(path.join(etc, "passwd"), passwd, 0o644);
  writeLines(path.join(etc, "shadow"), shadow, 0o600);
  writeLines(path.join(etc, "group"), group, 0o644);
  writeLines(path.join(etc, "sudoers"), sudoers, 0o440);
  fs.mkdirSync(path.join(etc, "pam.d"), { mode: 0o755 });
  for (const service of ["sshd", "sudo", "other"]) fs.writeFileSync(path.join(etc, "pam.d", service), PAM);
  for (const [service, text] of Object.entries(options.pam ?? {}))
    fs.writeFileSync(path.join(etc, "pam.d", service), text);
  if (options.otp !== undefined) askForCode(dir, options.otp);
  for (const log of ["wtmp", "btmp", "lastlog"]) fs.writeFileSync(path.join(dir, log), "", { mode: 0o600 });
  if (options.doas !== undefined) writeLines(path.join(etc, "doas.conf"), options.doas, 0o400);
  return { dir, users, more: moreBinds(dir, options) };
}

/** Before the other binds: /etc is copied where a file must be in it that the machine may not have. */
function moreBinds(dir: string, { doas, hide = [] }: SshdFilesOptions): string {
  const nothing = path.join(dir, "nothing");
  fs.writeFileSync(nothing, "");
  return [
    ...(doas === undefined
      ? []
      : [
          `cp -a /etc ${dir}/etc-all`,
          `cp -p ${dir}/etc/doas.conf ${dir}/etc-all/`,
          `mount --bind ${dir}/etc-all /etc`,
        ]),
    ...hide.map((program) => `mount --bind ${nothing} ${program}`),
    "",
  ].join("\n");
}

/** sshd's keyboard-interactive asks for the password, then for the code, each a round of its own. */
function askForCode(dir: string, code: string): void {
  const module = path.join(dir, "pam_otp.so");
  execFileSync("gcc", ["-shared", "-fPIC", "-Wall", "-o", module, path.join(import.meta.dirname, "pam-otp.c")]);
  const [auth = "", ...others] = PAM.split("\n");
  fs.writeFileSync(path.join(dir, "etc/pam.d/sshd"), [auth, `auth required ${module} ${code}`, ...others].join("\n"));
}

/**
 * Shell text for a root shell **inside the mount namespace** that is to get the files. Needs nothing
 * but mount; /run becomes a private tmpfs that still shows every entry it had (sshd wants /run/sshd,
 * sudo writes its tickets to /run/sudo). Entries made later in the machine's /run are not seen.
 */
export function bindScript(files: SshdFiles): string {
  const { dir } = files;
  if (!/^[A-Za-z0-9_./-]+$/.test(dir)) throw new Error(`the folder needs a plain name: ${dir}`);
  const binds = ["passwd", "shadow", "group", "sudoers", "pam.d"].map(
    (name) => `mount --bind ${dir}/etc/${name} /etc/${name}`,
  );
  const logs = ["wtmp", "btmp", "lastlog"].map(
    (name) => `[ ! -e /var/log/${name} ] || mount --bind ${dir}/${name} /var/log/${name}`,
  );
  return `set -e
${files.more}${binds.join("\n")}
${logs.join("\n")}
mount --rbind /run ${dir}/old-run
mount -t tmpfs -o mode=755 tmpfs /run
for e in ${dir}/old-run/*; do
  n=/run/\${e##*/}
  case $n in /run/sudo|/run/sshd) continue;; esac
  if [ -L "$e" ]; then cp -P "$e" "$n"
  elif [ -d "$e" ]; then mkdir -p "$n"; mount --rbind "$e" "$n"
  else : > "$n"; mount --bind "$e" "$n"; fi
done
umount -l ${dir}/old-run
mkdir -p -m 755 /run/sshd
mkdir -p -m 711 /run/sudo
`;
}

/** Lets the holders of these public keys log in as every test user. */
export function authorizeKeys(files: SshdFiles, publicKeys: string[]): void {
  for (const user of Object.values(files.users)) {
    writeOwned(path.join(user.home, ".ssh", "authorized_keys"), `${publicKeys.join("\n")}\n`, user, 0o600);
  }
}

function makeHome(user: TestUser, noisy: boolean): void {
  fs.mkdirSync(path.join(user.home, ".ssh"), { recursive: true, mode: 0o700 });
  for (const folder of [user.home, path.join(user.home, ".ssh")]) {
    fs.chownSync(folder, user.uid, user.uid);
    fs.chmodSync(folder, 0o700);
  }
  // bash reads ~/.bashrc for commands given by sshd too; that is where real nodes get their noise from.
  const rc = noisy ? `cat <<'END' | head -c -1 | tee /dev/stderr\n${NOISE}\nEND\n` : "";
  writeOwned(path.join(user.home, ".bashrc"), rc, user, 0o600);
}

function writeOwned(file: string, text: string, user: TestUser, mode: number): void {
  fs.writeFileSync(file, text, { mode });
  fs.chownSync(file, user.uid, user.uid);
}

function writeLines(file: string, lines: string[], mode: number): void {
  fs.writeFileSync(file, `${lines.join("\n")}\n`, { mode });
}

function keepOthers(file: string, names: Set<string>): string[] {
  return fs
    .readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !names.has(line.split(":", 1)[0] ?? ""));
}

/** SHA-512 crypt; perl is the only crypt(3) every Debian has. The password goes by stdin. */
function hashPassword(password: string): string {
  const salt = randomBytes(6).toString("hex");
  const program = `my $p = <STDIN>; print crypt($p, '$6$${salt}$')`;
  return execFileSync("perl", ["-e", program], { input: password, encoding: "utf8" });
}
