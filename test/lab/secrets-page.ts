/** Servers for the planted secrets, and a page that follows the session and types what a scenario says. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { JournalEvent } from "../../electron/core/journal/events.ts";
import { emptySession, fold, type NodeState, type SessionState } from "../../electron/core/journal/state.ts";
import { openJournal } from "../../electron/host/journal/journal.ts";
import { type DesktopHost, startDesktopHost } from "../support/desktop-host.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { startProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { asked, type Backend, played, right, type Scenario, typedBy } from "./secrets-scenarios.ts";

export interface Setting {
  dir: string;
  known_hosts: string;
  server: TestSshd;
  /** Asks by keyboard-interactive. */
  asking: TestSshd;
  /** A line of its own for each scenario: so each is a node of its own, too. */
  lines: Map<Scenario, TcpProxy>;
  stop(): Promise<void>;
}

export async function startSetting(): Promise<Setting> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-secrets-"));
  const passwords = Object.fromEntries(Object.entries(right).map(([user, { text }]) => [user, text]));
  const server = await startSshd({ methods: ["publickey", "password"], passwords });
  const asking = await startSshd({ methods: ["keyboard-interactive"], passwords: { engineer: asked.text } });
  const lines: Setting["lines"] = new Map();
  const known_hosts = path.join(dir, "known_hosts");
  fs.writeFileSync(known_hosts, server.knownHostsLine);
  for (const scenario of [...played.values()].flat()) {
    const { host, port, knownHostsLine } = scenario.asking ? asking : server;
    const line = await startProxy({ target: { host, port } });
    lines.set(scenario, line);
    fs.appendFileSync(known_hosts, knownHostsLine.replaceAll(`:${port} `, `:${line.port} `));
    // A copy for each node, so that what is kept of one is not used for another.
    const key = scenario.key === "plain" ? server.keyFile : server.encryptedKeyFile;
    for (const end of ["", ".pub"]) fs.copyFileSync(key + end, keyFile(dir, line.port) + end);
  }
  return {
    dir,
    known_hosts,
    server,
    asking,
    lines,
    async stop() {
      for (const line of lines.values()) await line.stop();
      await asking.stop();
      await server.stop();
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}

const keyFile = (dir: string, port: number) => path.join(dir, `key-${port}`);

export class Page {
  readonly events: JournalEvent[] = [];
  readonly host: DesktopHost;
  readonly session_id: string;
  private readonly setting: Setting;
  private state: SessionState = emptySession;
  private readonly waiting = new Set<() => void>();

  private constructor(setting: Setting, host: DesktopHost, session_id: string) {
    this.setting = setting;
    this.host = host;
    this.session_id = session_id;
  }

  static async open(setting: Setting, dataDir: string): Promise<Page> {
    // A report of Node's would hold a good deal of the process; even asked for there is none.
    const env = { NODE_OPTIONS: "--report-uncaught-exception" };
    const host = await startDesktopHost(setting.dir, { dataDir, known_hosts: setting.known_hosts }, env);
    const { session_id } = await host.client.call("session.open", {});
    const page = new Page(setting, host, session_id);
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
  private until(node: string, condition: (state: NodeState) => boolean): Promise<NodeState> {
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

  private async connect(scenario: Scenario, backend: Backend): Promise<string> {
    const { session_id, setting } = this;
    const { user, key } = scenario;
    const port = setting.lines.get(scenario)?.port ?? 0;
    const target = {
      kind: "ssh" as const,
      target: `${user}@127.0.0.1:${port}`,
      backend,
      ...(key ? { identity_file: keyFile(setting.dir, port) } : {}),
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
    const left = typedBy(scenario, this.setting.server.passphrase);
    const questions: string[] = [];
    for (let last = ""; ; ) {
      const now = await this.until(node, (state) => settled(state) || (state.prompt?.prompt_id ?? last) !== last);
      if (settled(now) || !now.prompt) {
        const stands = isConnected(now);
        if (stands && !collects) await this.host.client.call("node.disconnect", { session_id, node });
        const why = stands === scenario.stands ? "" : `: ${now.error?.message} ${now.error?.cause ?? ""}`;
        return { what: scenario.what + why, stands, asked: questions };
      }
      const { prompt_id, prompt } = now.prompt;
      last = prompt_id;
      if (prompt.kind !== "upload_bpftool") questions.push(prompt.kind);
      const text = left[prompt.kind]?.shift();
      const spoil = scenario.last?.kind === prompt.kind && left[prompt.kind]?.length === 0 ? scenario.last : null;
      const line = this.setting.lines.get(scenario);
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

/** Those that wait for a time to be over all at once, the others a few at a time: a login must not time out. */
export async function someAtATime<T>(
  scenarios: readonly Scenario[],
  play: (scenario: Scenario) => Promise<T>,
): Promise<T[]> {
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
export function sessionTexts(dataDir: string): Buffer[] {
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
