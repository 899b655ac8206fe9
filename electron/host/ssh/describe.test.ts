import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeTarget } from "./describe.ts";

let dir = "";
let config_file = "";
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-describe-"));
  config_file = path.join(dir, "config");
  const key = path.join(dir, "key");
  fs.writeFileSync(key, "");
  fs.writeFileSync(
    path.join(dir, "more.conf"),
    "Host gate\n  ProxyCommand nc -x proxy -P %r -X %% %h %p\n  User out\n",
  );
  fs.writeFileSync(
    config_file,
    `Include ${dir}/*.conf
Host node
  HostName 10.0.0.7
  User ops
  Port 2222
  ProxyJump first.example,second@second.example:2200
  IdentityFile ${key}
  IdentityFile ${dir}/none
  IdentitiesOnly yes
  HostKeyAlias seven
Host first.example
  ProxyJump ssh://gate:22
Host round
  ProxyJump about
Host about
  ProxyJump round
Host per-name
  ProxyJump gate-%h
Host *
  User me
  IdentityAgent none
  UserKnownHostsFile ${dir}/known
  GlobalKnownHostsFile none
`,
  );
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

const signal = new AbortController().signal;
const hasSsh = spawnSync("ssh", ["-V"]).error === undefined;

describe.each([
  ["ssh -G", {}, hasSsh],
  ["the configuration read by us", { ssh_program: "no-such-ssh" }, true],
])("describeTarget by %s", (_, how, available) => {
  const about = (target: string) => describeTarget(target, { signal, config_file, ...how });

  it.runIf(available)("shows every hop with its own configuration, and the files that say so", async () => {
    const { target, hops, backend, why } = await about(" node ");
    expect([target, backend, why]).toEqual(["node", "ssh2", expect.stringContaining("own connection")]);
    expect(hops.map((hop) => [hop.host, hop.proxy_command])).toEqual([
      ["out@gate", "nc -x proxy -P out -X % gate 22"],
      ["me@first.example", null],
      ["second@second.example:2200", null],
      ["ops@10.0.0.7:2222", null],
    ]);
    expect(hops.at(-1)).toEqual({
      host: "ops@10.0.0.7:2222",
      alias: "node",
      hostname: "10.0.0.7",
      user: "ops",
      port: 2222,
      identity_files: [
        { file: path.join(dir, "key"), exists: true },
        { file: path.join(dir, "none"), exists: false },
      ],
      agent: null,
      identities_only: true,
      known_as: "seven",
      user_known_hosts: [path.join(dir, "known")],
      global_known_hosts: [],
      strict_host_key_checking: "ask",
      proxy_command: null,
      config_files: expect.arrayContaining([config_file, path.join(dir, "more.conf")]),
      approximate: "ssh_program" in how,
    });
  });

  it.runIf(available)("fills in the host's name in ProxyJump", async () => {
    expect((await about("per-name")).hops.map((hop) => hop.host)).toEqual(["me@gate-per-name", "me@per-name"]);
  });

  it.runIf(available)("says that hosts lead round in a circle", async () => {
    await expect(about("round")).rejects.toMatchObject({
      data: {
        code: "proxy-jump",
        message: "The way to me@round leads round in a circle: me@round behind me@about behind me@round.",
      },
    });
  });
});
