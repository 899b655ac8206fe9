import * as assert from "node:assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { listSshHosts, resolveHost } from "./resolve.ts";

const CONFIG = `Include more.conf

Host bastion
  HostName bastion.example.com
  User jump
  Port 2200

Host node-7 node-8 !node-9
  HostName 10.0.0.7
  User ops
  IdentityFile ~/.ssh/node key
  IdentityFile ~/.ssh/%h-%r
  IdentitiesOnly yes
  ProxyJump bastion,second
  HostKeyAlias seven
  StrictHostKeyChecking accept-new
  HashKnownHosts yes
  ConnectTimeout 7

Host *.internal
  User wild
Host *
  UserKnownHostsFile ~/known-a ~/known-b
  IdentityAgent none
`;

let dir = "";
let config = "";
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-config-"));
  config = path.join(dir, "config");
  fs.writeFileSync(config, CONFIG.replace("more.conf", path.join(dir, "*.conf")).replace("node key", "key"));
  fs.writeFileSync(path.join(dir, "a.conf"), "Host included\n  HostName=192.0.2.1\n  Port 2201\n");
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

const signal = new AbortController().signal;
const withSsh = { signal, config_file: "" };
const withoutSsh = { signal, config_file: "", ssh_program: "no-such-ssh" };
const hasSsh = spawnSync("ssh", ["-V"]).error === undefined;

describe.each([
  ["ssh -G", withSsh, hasSsh],
  ["the configuration read by us", withoutSsh, true],
])("resolveHost by %s", (_, options, available) => {
  const resolve = (text: string) => resolveHost(text, { ...options, config_file: config });

  it.runIf(available)("gives everything the configuration says of an alias", async () => {
    const home = os.homedir();
    // ssh itself takes ~ from the password database, whatever HOME says.
    const ssh_home = options === withoutSsh ? home : os.userInfo().homedir;
    expect(await resolve("node-7")).toMatchObject({
      target: "node-7",
      alias: "node-7",
      hostname: "10.0.0.7",
      user: "ops",
      port: 22,
      identity_files: [`${home}/.ssh/key`, `${home}/.ssh/10.0.0.7-ops`],
      agent: null,
      identities_only: true,
      host_key_alias: "seven",
      user_known_hosts: [`${ssh_home}/known-a`, `${ssh_home}/known-b`],
      strict_host_key_checking: "accept-new",
      hash_known_hosts: true,
      connect_timeout_s: 7,
      proxy_jump: ["bastion", "second"],
      proxy_command: null,
      approximate: options === withoutSsh,
    });
  });

  it.runIf(available)("lets what was typed win", async () => {
    expect(await resolve("root@bastion:2222")).toMatchObject({
      hostname: "bastion.example.com",
      user: "root",
      port: 2222,
    });
  });

  it.runIf(available)("follows Include", async () => {
    expect(await resolve("included")).toMatchObject({ hostname: "192.0.2.1", port: 2201 });
  });

  it.runIf(available)("takes a name nobody configured as it is", async () => {
    expect(await resolve("[fd00::7]:2222")).toMatchObject({ hostname: "fd00::7", port: 2222, proxy_jump: [] });
  });
});

describe("resolveHost", () => {
  it.runIf(hasSsh)("says what ssh says when the configuration is broken", async () => {
    const broken = path.join(dir, "broken");
    fs.writeFileSync(broken, "NoSuchOption yes\n");
    await expect(resolveHost("node", { signal, config_file: broken })).rejects.toMatchObject({
      data: { code: "ssh-config", phase: "resolving", node: "node", cause: expect.stringContaining("nosuchoption") },
    });
  });
});

const WAIT = { timeout: 20_000 };

/** `Z` where nobody has asked for its exit code yet. */
function stateOf(pid: string): string {
  try {
    return fs
      .readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .slice(0, 1);
  } catch {
    return "none";
  }
}

describe("resolveHost, cancelled while Match exec runs", () => {
  it.runIf(hasSsh)("ends at once, with what Match exec started", async () => {
    const started = path.join(dir, "started");
    const slow = path.join(dir, "slow");
    fs.writeFileSync(slow, `Match exec "echo $$ >${started}; sleep 600; true"\n  User x\n`);
    const cancel = new AbortController();
    const resolving = resolveHost("node", { signal: cancel.signal, config_file: slow });
    const pid = await vi.waitFor(() => /^(\d+)\n/.exec(fs.readFileSync(started, "utf8"))?.[1] ?? assert.fail(), WAIT);
    cancel.abort();
    await expect(resolving).rejects.toMatchObject({ data: { code: "cancelled", phase: "resolving" } });
    await vi.waitFor(() => expect(stateOf(pid)).toMatch(/^(Z|none)$/), WAIT);
  });
});

describe("listSshHosts", () => {
  it("lists the aliases in order, with included files and without patterns", async () => {
    expect(await listSshHosts(config)).toEqual([
      { alias: "included", hostname: "192.0.2.1", user: null, port: 2201, file: path.join(dir, "a.conf") },
      { alias: "bastion", hostname: "bastion.example.com", user: "jump", port: 2200, file: config },
      { alias: "node-7", hostname: "10.0.0.7", user: "ops", port: null, file: config },
      { alias: "node-8", hostname: "10.0.0.7", user: "ops", port: null, file: config },
    ]);
  });

  it("is empty without a configuration", async () => {
    expect(await listSshHosts(path.join(dir, "none"))).toEqual([]);
  });
});
