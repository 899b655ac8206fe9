import { describe, expect, it } from "vitest";
import type { Prompt } from "../../../core/journal/events.ts";
import { computeConfig } from "../config-file.ts";
import type { ResolvedHost } from "../resolve.ts";
import { Steps } from "../steps.ts";
import { Answers } from "./answers.ts";
import { Told } from "./told.ts";

/** What a person is shown of ssh's question while `node` is logged in to. */
async function shownFor(
  question: string,
  node: Pick<ResolvedHost, "alias" | "hostname" | "user">,
  port = 22,
): Promise<Prompt[]> {
  const shown: Prompt[] = [];
  const steps = new Steps({
    node: "the node",
    onPhase() {},
    async ask(prompt) {
      shown.push(prompt);
      return { accept: true, values: ["secret"] };
    },
    signal: new AbortController().signal,
  });
  const resolved: ResolvedHost = {
    target: node.alias,
    ...node,
    port,
    identity_files: ["/home/ops/.ssh/id_ed25519", `/home/ops/${"long".repeat(30)}`],
    certificate_files: [],
    agent: null,
    identities_only: false,
    host_key_alias: null,
    user_known_hosts: [],
    global_known_hosts: [],
    strict_host_key_checking: "ask",
    hash_known_hosts: false,
    connect_timeout_s: null,
    proxy_jump: [],
    proxy_command: null,
    auth_ways: [],
    password_prompts: 3,
    config_files: [],
    config: computeConfig(node.alias, null, "/nonexistent").options,
    approximate: false,
  };
  await new Answers(resolved, [], steps, new Told()).to({ text: question, hint: "", pid: 1 });
  steps.end();
  return shown;
}

describe("whose question of ssh it is", () => {
  const node = { alias: "node-12", hostname: "node-12.example", user: "root" };

  it("is the node's by any of its names", async () => {
    for (const name of ["node-12", "NODE-12.example"]) {
      const [prompt] = await shownFor(`root@${name}'s password: `, node);
      expect(prompt).toMatchObject({ kind: "password", user: "root", host: "node-12.example" });
    }
  });

  it("is told with its port, by which what is kept for it is found", async () => {
    const [prompt] = await shownFor("root@node-12's password: ", node, 2222);
    expect(prompt).toMatchObject({ kind: "password", host: "[node-12.example]:2222" });
  });

  it("is not the node's for a name that only begins like it", async () => {
    for (const [user, host] of [
      ["root", "node-1"],
      ["r", "node-12"],
    ]) {
      const [prompt] = await shownFor(`${user}@${host}'s password: `, node);
      expect(prompt).toMatchObject({ kind: "password", user, host });
    }
  });

  it("is the node's for a name as long as ssh shows one", async () => {
    const hostname = `${"h".repeat(130)}.example`;
    const [prompt] = await shownFor(`root@${"h".repeat(128)}'s password: `, { ...node, hostname });
    expect(prompt).toMatchObject({ kind: "password", host: hostname });
  });

  it("names the key file whole, and none that only begins alike", async () => {
    const long = `/home/ops/${"long".repeat(30)}`;
    const [first] = await shownFor("Enter passphrase for key '/home/ops/.ssh/id': ", node);
    const [second] = await shownFor(`Enter passphrase for key '${long.slice(0, 100)}': `, node);
    expect([first, second]).toMatchObject([{ file: "/home/ops/.ssh/id" }, { file: long }]);
  });
});
