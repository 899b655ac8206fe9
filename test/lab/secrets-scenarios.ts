/** What the planted secrets go through: logins that stand, and everything that goes wrong at one. */
import type { Prompt } from "../../electron/core/journal/events.ts";
import { plant } from "../support/planted.ts";

export const right = {
  engineer: plant("login password"),
  careful: plant("sudo password"),
  "nobody-special": plant("password of a user without sudo"),
};
export const wrong = plant("mistyped password");
export const asked = plant("answer to a question of the node");

/** Known when the server is there. */
const PASSPHRASE = Symbol("passphrase");
type Typed = string | typeof PASSPHRASE;

export interface Scenario {
  what: string;
  user: keyof typeof right;
  /** Asked by keyboard-interactive. */
  asking?: boolean;
  key?: "plain" | "encrypted";
  /** What is typed at each question of that kind, in order. */
  typed: Partial<Record<Prompt["kind"], Typed[]>>;
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

const mistyped = wrong.text;
const of = (user: keyof typeof right) => right[user].text;
const threeTimes = [mistyped, mistyped, mistyped];

export const BACKENDS = ["ssh2", "openssh"] as const;
/** How a host ends before its time. */
export const ENDS = ["a bug", "kill -9"] as const;
export type Backend = (typeof BACKENDS)[number];

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
    typed: { passphrase: [mistyped, PASSPHRASE], sudo_password: [mistyped, of("careful")] },
    keep: "memory",
    collects: true,
    stands: true,
  },
  {
    what: "a question of the node",
    user: "engineer",
    asking: true,
    typed: { keyboard_interactive: [mistyped, asked.text] },
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
    typed: { passphrase: [PASSPHRASE], sudo_password: [of("careful")] },
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
export const played = new Map(
  [...BACKENDS, ...ENDS].map((name) => [name, SCENARIOS.map((scenario) => ({ ...scenario }))] as const),
);

/** What is typed at each question, in order. */
export function typedBy({ typed }: Scenario, passphrase: string): Record<string, string[]> {
  const text = (one: Typed) => (one === PASSPHRASE ? passphrase : one);
  return Object.fromEntries(Object.entries(typed).map(([kind, all]) => [kind, all.map(text)]));
}
