/**
 * Where secrets never are: planted ones go through logins, sudo and everything that goes wrong there, and
 * are then looked for in every place they could have leaked to, in every form.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { JournalEvent, Prompt } from "../../electron/core/journal/events.ts";
import { emptySession, fold, type NodeState, type SessionState } from "../../electron/core/journal/state.ts";
import { openJournal } from "../../electron/host/journal/journal.ts";
import { readSnapshot } from "../../electron/host/snapshot/file.ts";
import { type Cli, makeCli } from "../support/cli.ts";
import { type DesktopHost, startDesktopHost } from "../support/desktop-host.ts";
import { findIn, findInFiles, needlesOf, type Planted, plant } from "../support/planted.ts";
import { type ProcessWatch, watchProcesses } from "../support/process-watch.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { startProxy, type TcpProxy } from "../support/tcp-proxy.ts";

const right = {
  engineer: plant("login password"),
  careful: plant("sudo password"),
  "nobody-special": plant("password of a user without sudo"),
};
const wrong = plant("mistyped password");
const asked = plant("answer to a question of the node");

let server: TestSshd;
/** Asks by keyboard-interactive. */
let asking: TestSshd;
/** A line of its own for each scenario: so each is a node of its own, too. */
const lines = new Map<Scenario, TcpProxy>();
let cli: Cli;
let dir: string;
let known_hosts: string;
let secrets: Planted[];
let needles: ReturnType<typeof needlesOf>;
let watched: ProcessWatch;
const began = Date.now();

beforeAll(async () => {
  cli = await makeCli();
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-secrets-"));
  const passwords = Object.fromEntries(Object.entries(right).map(([user, { text }]) => [user, text]));
  server = await startSshd({ methods: ["publickey", "password"], passwords });
  asking = await startSshd({ methods: ["keyboard-interactive"], passwords: { engineer: asked.text } });
  known_hosts = path.join(dir, "known_hosts");
  fs.writeFileSync(known_hosts, server.knownHostsLine);
  for (const scenario of [...played.values()].flat()) {
    const { host, port, knownHostsLine } = scenario.asking ? asking : server;
    const line = await startProxy({ target: { host, port } });
    lines.set(scenario, line);
    fs.appendFileSync(known_hosts, knownHostsLine.replaceAll(`:${port} `, `:${line.port} `));
    if (scenario.key) copyKey(scenario.key, keyFile(line.port));
  }
  secrets = [...Object.values(right), wrong, asked, { label: "passphrase", text: server.passphrase }];
  needles = needlesOf(secrets);
  watched = await watchProcesses(needles);
});

afterAll(async () => {
  for (const proxy of lines.values()) await proxy.stop();
  await asking.stop();
  await server.stop();
  cli.remove();
  fs.rmSync(dir, { recursive: true, force: true });
});

interface Scenario {
  what: string;
  user: keyof typeof right;
  /** Asked by keyboard-interactive. */
  asking?: boolean;
  key?: "plain" | "encrypted";
  /** What is typed at each question of that kind, in order. */
  typed: Partial<Record<Prompt["kind"], (() => string)[]>>;
  /** The question after them, at which the person goes away. */
  away?: Prompt["kind"];
  /** What happens once the last answer of that kind is on its way, with a line on which nothing comes back. */
  last?: { kind: Prompt["kind"]; act: "cancel" | "cut" | "wait" };
  stands: boolean;
  /** What is on the node is looked at as well; the others are left as soon as they stand. */
  collects?: boolean;
  /** Where the person wants it kept. */
  keep?: "memory" | "keychain";
}

const mistyped = () => wrong.text;
const of = (user: keyof typeof right) => () => right[user].text;
const passphrase = () => server.passphrase;
const threeTimes = [mistyped, mistyped, mistyped];

const BACKENDS = ["ssh2", "openssh"] as const;
type Backend = (typeof BACKENDS)[number];

const SCENARIOS: Scenario[] = [
  {
    what: "a password",
    user: "engineer",
    typed: { password: [mistyped, of("engineer")] },
    keep: "memory",
    stands: true,
  },
  {
    what: "a passphrase and sudo",
    user: "careful",
    key: "encrypted",
    typed: { passphrase: [mistyped, passphrase], sudo_password: [mistyped, of("careful")] },
    keep: "memory",
    collects: true,
    stands: true,
  },
  {
    what: "a question of the node",
    user: "engineer",
    asking: true,
    typed: { keyboard_interactive: [mistyped, () => asked.text] },
    stands: true,
  },
  {
    what: "a password for the keychain",
    user: "careful",
    key: "plain",
    typed: { sudo_password: [of("careful")] },
    keep: "keychain",
    stands: true,
  },
  {
    what: "a right password and no sudo",
    user: "nobody-special",
    key: "plain",
    typed: { sudo_password: [of("nobody-special")] },
    stands: true,
  },
  { what: "wrong passwords", user: "engineer", typed: { password: threeTimes }, stands: false },
  { what: "wrong answers", user: "engineer", asking: true, typed: { keyboard_interactive: threeTimes }, stands: false },
  {
    what: "wrong passphrases",
    user: "engineer",
    key: "encrypted",
    typed: { passphrase: threeTimes },
    away: "password",
    stands: false,
  },
  { what: "wrong sudo passwords", user: "careful", key: "plain", typed: { sudo_password: threeTimes }, stands: false },
  {
    what: "given up at the next question",
    user: "careful",
    typed: { password: [mistyped] },
    away: "password",
    stands: false,
  },
  {
    what: "given up while logging in",
    user: "engineer",
    typed: { password: [of("engineer")] },
    last: { kind: "password", act: "cancel" },
    stands: false,
  },
  {
    what: "given up while sudo looks at the password",
    user: "careful",
    key: "encrypted",
    typed: { passphrase: [passphrase], sudo_password: [of("careful")] },
    last: { kind: "sudo_password", act: "cancel" },
    stands: false,
  },
  {
    what: "cut off while logging in",
    user: "engineer",
    typed: { password: [of("engineer")] },
    last: { kind: "password", act: "cut" },
    stands: false,
  },
  {
    what: "cut off while sudo looks at the password",
    user: "careful",
    key: "plain",
    typed: { sudo_password: [of("careful")] },
    last: { kind: "sudo_password", act: "cut" },
    stands: false,
  },
  {
    what: "no answer to the password",
    user: "engineer",
    typed: { password: [of("engineer")] },
    last: { kind: "password", act: "wait" },
    stands: false,
  },
  {
    what: "no answer to the password of sudo",
    user: "careful",
    key: "plain",
    typed: { sudo_password: [of("careful")] },
    last: { kind: "sudo_password", act: "wait" },
    stands: false,
  },
];

/** Each backend and each way to end goes through scenarios of its own: a line that is spoiled is nobody else's. */
const played = new Map(
  [...BACKENDS, "a bug", "kill -9"].map((name) => [name, SCENARIOS.map((scenario) => ({ ...scenario }))] as const),
);

/** A page: follows the session and types what the scenario says. */
class Page {
  readonly events: JournalEvent[] = [];
  readonly host: DesktopHost;
  readonly session_id: string;
  private state: SessionState = emptySession;
  private readonly waiting = new Set<() => void>();

  private constructor(host: DesktopHost, session_id: string) {
    this.host = host;
    this.session_id = session_id;
  }

  static async open(dataDir: string): Promise<Page> {
    // A report of Node's would hold a good deal of the process; even asked for there is none.
    const env = { NODE_OPTIONS: "--report-uncaught-exception" };
    const host = await startDesktopHost(dir, { dataDir, known_hosts }, env);
    const { session_id } = await host.client.call("session.open", {});
    const page = new Page(host, session_id);
    void page.follow();
    return page;
  }

  private async follow(): Promise<void> {
    const { session_id } = this;
    try {
      for await (const batch of this.host.client.stream("session.events", { session_id, after_seq: 0 })) {
        this.events.push(...batch);
        this.state = batch.reduce(fold, this.state);
        for (const done of [...this.waiting]) done();
      }
    } catch {
      // The host was ended by the test.
    }
  }

  /** The node once it satisfies the condition. */
  until(node: string, condition: (state: NodeState) => boolean): Promise<NodeState> {
    return new Promise((resolve) => {
      const look = () => {
        const now = this.state.nodes[node];
        if (!now || !condition(now)) return;
        this.waiting.delete(look);
        resolve(now);
      };
      this.waiting.add(look);
      look();
    });
  }

  async connect(scenario: Scenario, backend: Backend): Promise<string> {
    const { session_id } = this;
    const { user, key } = scenario;
    const port = lines.get(scenario)?.port ?? 0;
    const target = {
      kind: "ssh" as const,
      target: `${user}@127.0.0.1:${port}`,
      backend,
      ...(key ? { identity_file: keyFile(port) } : {}),
    };
    return (await this.host.client.call("node.connect", { session_id, target })).node;
  }

  /** Connects and types until there is nothing more to type; resolves with how it ended and what was asked. */
  async play(
    scenario: Scenario,
    backend: Backend,
    onTyped = () => {},
  ): Promise<{ what: string; stands: boolean; asked: string[] }> {
    const { session_id } = this;
    const { keep, collects = false } = scenario;
    const node = await this.connect(scenario, backend);
    const settled = (state: NodeState) => isOver(state) || (collects ? isCollected(state) : isConnected(state));
    const left = structuredClone(
      Object.fromEntries(Object.entries(scenario.typed).map(([kind, all]) => [kind, [...all.map((one) => one())]])),
    );
    const asked: string[] = [];
    for (let last = ""; ; ) {
      const now = await this.until(node, (state) => settled(state) || (state.prompt?.prompt_id ?? last) !== last);
      if (settled(now) || !now.prompt) {
        const stands = isConnected(now);
        if (stands && !collects) await this.host.client.call("node.disconnect", { session_id, node });
        return { what: scenario.what, stands, asked };
      }
      const { prompt_id, prompt } = now.prompt;
      last = prompt_id;
      if (prompt.kind !== "upload_bpftool") asked.push(prompt.kind);
      const text = left[prompt.kind]?.shift();
      const spoil = scenario.last?.kind === prompt.kind && left[prompt.kind]?.length === 0 ? scenario.last : null;
      const line = lines.get(scenario);
      if (spoil) line?.stall();
      if (text === undefined && prompt.kind !== "upload_bpftool") {
        await this.host.client.call("node.cancel", { session_id, node });
        continue;
      }
      const answer =
        text === undefined ? { accept: false } : { accept: true, values: [text], ...(keep ? { keep } : {}) };
      await this.host.client.call("node.answer", { session_id, node, prompt_id, answer });
      onTyped();
      if (spoil?.act === "cancel") await this.host.client.call("node.cancel", { session_id, node });
      if (spoil?.act === "cut") line?.cut();
    }
  }
}

/** A copy for each node, so that what is kept of one is not used for another. */
const keyFile = (port: number) => path.join(dir, `key-${port}`);
function copyKey(key: "plain" | "encrypted", to: string): void {
  const from = key === "plain" ? server.keyFile : server.encryptedKeyFile;
  for (const end of ["", ".pub"]) fs.copyFileSync(from + end, to + end);
}

/** Those that wait for a time to be over all at once, the others a few at a time: a login must not time out. */
async function someAtATime<T>(scenarios: readonly Scenario[], play: (scenario: Scenario) => Promise<T>): Promise<T[]> {
  const results = new Map<Scenario, Promise<T>>();
  const start = (scenario: Scenario) => {
    const result = play(scenario);
    results.set(scenario, result);
    return result;
  };
  const left = scenarios.filter(({ last }) => last?.act !== "wait");
  const waiting = scenarios.filter((scenario) => !left.includes(scenario)).map(start);
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) await start(next);
  };
  await Promise.all([...waiting, ...Array.from({ length: 3 }, worker)]);
  return Promise.all(scenarios.map((scenario) => results.get(scenario) ?? start(scenario)));
}

const isConnected = ({ phase }: NodeState) => phase === "ready" || phase === "collecting";
const isCollected = (node: NodeState) => isConnected(node) && node.collect !== null && node.collect.state !== "running";
/** The time to try again by itself is not waited for. */
const isOver = ({ phase }: NodeState) => phase === "failed" || phase === "closed" || phase === "waiting";

/** All that is in the session file, unpacked. */
function sessionTexts(dataDir: string): Buffer[] {
  const folder = path.join(dataDir, "sessions");
  return fs
    .readdirSync(folder)
    .filter((name) => !/-(wal|shm)$/.test(name))
    .flatMap((name) => {
      const journal = openJournal(path.join(folder, name), { read_only: true });
      try {
        const all: Buffer[] = [];
        for (let after = 0; ; ) {
          const events = journal.read(after, 1000);
          const last = events.at(-1);
          if (!last) return all;
          after = last.seq;
          for (const event of events) {
            all.push(Buffer.from(JSON.stringify(event)));
            if (event.type !== "command.started") continue;
            for (const { bytes } of journal.blobs(event.command_id)) all.push(Buffer.from(bytes));
          }
        }
      } finally {
        journal.close();
      }
    });
}

/** Everything that came out of bpfdesk or a server, by what it is. */
const outputs: [from: string, bytes: Uint8Array | string][] = [];

it.concurrent.each(BACKENDS)("is where it belongs while all goes well and everything fails: %s", async (backend) => {
  const scenarios = played.get(backend) ?? [];
  const dataDir = path.join(dir, backend);
  const page = await Page.open(dataDir);
  const { host, session_id } = page;
  try {
    const results = await someAtATime(scenarios, (scenario) => page.play(scenario, backend));
    expect(results).toEqual(
      scenarios.map(({ what, typed, away, stands }) => ({
        what,
        stands,
        asked: [...Object.entries(typed).flatMap(([kind, all]) => all.map(() => kind)), ...(away ? [away] : [])],
      })),
    );

    // What was kept is used: nothing is asked.
    for (const scenario of scenarios.filter(({ keep }) => keep)) {
      expect(await page.play(scenario, backend)).toEqual({ what: scenario.what, stands: true, asked: [] });
    }
    const status = await host.client.call("secrets.status", {});
    expect(status.kept.map(({ kind, user, where }) => `${kind} ${user} ${where}`).sort()).toEqual([
      "passphrase  memory",
      "password engineer memory",
      "sudo_password careful keychain",
      "sudo_password careful memory",
    ]);
    outputs.push(["status", JSON.stringify(status)]);

    const collected = page.events.find(({ type }) => type === "collect.finished");
    if (!collected || !("node" in collected)) throw new Error("nothing was collected");
    const { bytes } = await host.client.call("snapshot.export", { session_id, node: collected.node });
    outputs.push(["snapshot", bytes], ["unpacked snapshot", JSON.stringify(await readSnapshot(bytes, "snapshot"))]);

    // A locked screen takes it all.
    host.tell({ type: "wipe", reason: "lock" });
    const left = (await host.client.call("secrets.status", {})).kept;
    expect(left.map(({ where }) => where)).toEqual(["keychain"]);
    host.tell("close");
    await vi.waitFor(() => expect(host.said).toContain("closed"), { timeout: 60_000 });
  } finally {
    host.child.kill("SIGKILL");
    await host.ended;
    outputs.push(["events", JSON.stringify(page.events)], ["prints of the host", host.printed()]);
    outputs.push(...sessionTexts(dataDir).map((bytes): [string, Uint8Array] => ["session", bytes]));
  }
});

it.concurrent.each(["a bug", "kill -9"])(
  "is in no output, report or session of a host that ends by %s",
  async (end) => {
    const dataDir = path.join(dir, end);
    const page = await Page.open(dataDir);
    const { host } = page;
    try {
      // With secrets kept, one in use, and one on its way.
      const scenarios = played.get(end) ?? [];
      const [first, second] = scenarios;
      const stalled = scenarios.find(({ last }) => last?.act === "wait");
      if (!first || !second || !stalled) throw new Error("no scenario");
      await Promise.all([page.play(first, "ssh2"), page.play(second, "ssh2")]);
      await new Promise<void>((resolve) => void page.play(stalled, "ssh2", resolve));
      if (end === "a bug") host.crash(right.engineer.text);
      else host.child.kill("SIGKILL");
      const { code, signal } = await host.ended;
      expect([code, signal]).toEqual(end === "a bug" ? [1, null] : [null, "SIGKILL"]);
      if (end === "a bug")
        expect(host.printed()).toMatch(/bpfdesk host failed: SyntaxError: Unexpected token .*\n +at /);
    } finally {
      host.child.kill("SIGKILL");
      await host.ended;
      outputs.push([`events before ${end}`, JSON.stringify(page.events)], [`prints before ${end}`, host.printed()]);
      outputs.push(...sessionTexts(dataDir).map((bytes): [string, Uint8Array] => [`session of ${end}`, bytes]));
    }
    expect(fs.readdirSync(dir).filter((name) => name.startsWith("report."))).toEqual([]);
  },
);

it.concurrent("is not shown by the command line, at the right answers and the wrong ones", async () => {
  const where = ["--known-hosts", known_hosts, `careful@127.0.0.1:${server.port}`];
  const good = await cli.onTerminal(
    ["topology", "--sudo", "--identity", server.encryptedKeyFile, ...where],
    [
      ["Passphrase of", `${wrong.text}\n`],
      ["try again", `${server.passphrase}\n`],
      ["sudo password of careful", `${wrong.text}\n`],
      ["try again", `${right.careful.text}\n`],
    ],
  );
  expect([good.code, good.stderr]).toEqual([0, expect.any(String)]);
  const bad = await cli.onTerminal(
    ["topology", ...where],
    ["Password of careful", "try again", "try again"].map((question) => [question, `${wrong.text}\n`]),
  );
  expect(bad.code).toBe(2);
  for (const { screen, stdout, stderr } of [good, bad]) outputs.push(["the command line", screen + stdout + stderr]);
});

it("is nowhere else: argv, environment, outputs, files, logs", async () => {
  const { leaks, looked } = await watched.stop();
  outputs.push(["log of sshd", server.log() + asking.log()]);
  expect(looked).toBeGreaterThan(20);
  expect(leaks).toEqual([]);
  expect(outputs.flatMap(([from, bytes]) => findIn(bytes, needles).map((found) => `${from}: ${found}`))).toEqual([]);
  // The data folders, the folders of the servers and of their users, and whatever else was written meanwhile.
  expect(findInFiles(os.tmpdir(), needles, began)).toEqual([]);
});

it("would be found: a leak that is made is seen in every place and form", async () => {
  const leak = plant("leak");
  const forms = needlesOf([leak]);
  const watch = await watchProcesses(forms);
  const child = spawn("sh", ["-c", "read x", "sh", leak.text], {
    env: { LEAK: Buffer.from(leak.text).toString("hex") },
  });
  await once(child, "spawn");
  await watch.round();
  child.stdin.end();
  await once(child, "exit");
  expect((await watch.stop()).leaks.map((found) => found.replace(/ of \S+:/, ":"))).toEqual(
    expect.arrayContaining(["cmdline: leak as it is", "environ: leak in hex"]),
  );
  const since = Date.now() - 1000;
  const folder = fs.mkdtempSync(path.join(dir, "leak-"));
  const written = {
    json: JSON.stringify({ a: JSON.stringify({ b: leak.text }) }),
    base64: Buffer.from(`user:${leak.text}`).toString("base64"),
    url: `?p=${encodeURIComponent(leak.text)}`,
    cut: leak.text.slice(0, 15),
  };
  for (const [name, text] of Object.entries(written)) fs.writeFileSync(path.join(folder, name), text);
  const found = findInFiles(dir, forms, since);
  expect(Object.keys(written).filter((name) => !found.some((one) => one.startsWith(path.join(folder, name))))).toEqual(
    [],
  );
});
