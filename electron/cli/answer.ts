/**
 * Answers the host's prompts from a terminal, or refuses where nobody is there to ask.
 * Refusing is never silent: what was asked is said, and `remedyOf` tells how to provide it beforehand.
 */
import type { Prompt } from "../core/journal/events.ts";
import type { PromptAnswer } from "../shared/contract.ts";
import type { Terminal } from "./terminal.ts";

export interface AnswerPolicy {
  /** Lend the bundled bpftool without asking (`--lend-bpftool`), ask, or do without it. */
  lend_bpftool: "yes" | "ask" | "no";
}

const refuse: PromptAnswer = { accept: false, values: [] };

/** Resolves with a refusal when the signal is aborted. */
export async function answerPrompt(
  prompt: Prompt,
  terminal: Terminal,
  policy: AnswerPolicy,
  signal: AbortSignal,
): Promise<PromptAnswer> {
  if (prompt.kind === "upload_bpftool" && policy.lend_bpftool !== "ask") {
    return { accept: policy.lend_bpftool === "yes", values: [] };
  }
  if (!terminal.interactive) {
    const text = unattended(prompt);
    if (text) terminal.say(text);
    return refuse;
  }
  switch (prompt.kind) {
    case "host_key_new": {
      const question = [
        `The key of ${prompt.host} port ${prompt.port}${wayOf(prompt)} is not known yet.`,
        ...(prompt.known_types.length > 0
          ? [`Careful: this host is known by other keys (${prompt.known_types.join(", ")}).`]
          : []),
        `${prompt.key_type} fingerprint: ${prompt.fingerprint}`,
        "Trust it and go on? Type yes or paste the expected fingerprint: ",
      ];
      const said = await terminal.ask(question.join("\n"), { secret: false, signal });
      return { accept: said?.trim() === "yes" || said?.trim() === prompt.fingerprint, values: [] };
    }
    case "upload_bpftool": {
      const lend = `Lend bpftool ${prompt.version} (${Math.ceil(prompt.bytes / 1024)} KiB) to ${prompt.host} for this run? [y/N] `;
      const said = await terminal.ask(`${prompt.reason}\n${lend}`, { secret: false, signal });
      return { accept: /^y(es)?$/i.test(said?.trim() ?? ""), values: [] };
    }
    case "keyboard_interactive": {
      const values: string[] = [];
      for (const [index, field] of prompt.prompts.entries()) {
        const value = await terminal.ask(`${index === 0 ? beforeFields(prompt) : ""}${field.text}`, {
          secret: !field.echo,
          signal,
        });
        if (value === null) return refuse;
        values.push(value);
      }
      return { accept: true, values };
    }
    default: {
      const secret = !(prompt.kind === "sudo_password" && prompt.echo);
      const value = await terminal.ask(`${label(prompt)}: `, { secret, signal });
      return value ? { accept: true, values: [value] } : refuse;
    }
  }
}

type SecretPrompt = Extract<Prompt, { kind: "password" | "passphrase" | "sudo_password" }>;

function label(prompt: SecretPrompt): string {
  const again = prompt.attempt > 1 ? " (wrong, try again)" : "";
  switch (prompt.kind) {
    case "password":
      return `Password of ${prompt.user} on ${prompt.host}${wayOf(prompt)}${again}`;
    case "passphrase":
      return `Passphrase of ${prompt.file}${again}`;
    case "sudo_password": {
      // The node's own words, when they say more than "password".
      const words = prompt.text ? ` (it says: ${prompt.text.trim()})` : "";
      const often = prompt.every_command ? " [asked again for every command; empty to go on without root]" : "";
      return `sudo password of ${prompt.user} on ${prompt.host}${words}${often}${again}`;
    }
  }
}

/** What a server says before it asks, and of which server it is where a jump host asks. */
function beforeFields(prompt: Extract<Prompt, { kind: "keyboard_interactive" }>): string {
  const way = prompt.on_the_way_to ? `${prompt.host}${wayOf(prompt)} asks:` : "";
  const lines = [way, prompt.instructions].filter((line) => line !== "");
  return lines.map((line) => `${line}\n`).join("");
}

const wayOf = ({ on_the_way_to }: Prompt) => (on_the_way_to ? ` on the way to ${on_the_way_to}` : "");

/** What to say when a question comes up and there is no terminal; empty when its error says it all. */
function unattended(prompt: Prompt): string {
  switch (prompt.kind) {
    case "host_key_new":
      return prompt.known_types.length > 0
        ? `Careful: ${prompt.host} is known by other keys (${prompt.known_types.join(", ")}).`
        : "";
    case "upload_bpftool":
      return `${prompt.reason} ${remedyOf(prompt)}`;
    case "keyboard_interactive":
    case "password":
      return "The node asks for a password and there is no terminal to type it on.";
    case "passphrase":
      return `The key ${prompt.file} needs its passphrase and there is no terminal to type it on.`;
    case "sudo_password":
      return "sudo asks for a password and there is no terminal to type it on.";
  }
}

/** How to do without the question. */
export function remedyOf(prompt: Prompt): string {
  switch (prompt.kind) {
    case "host_key_new":
      return "Add the key to known_hosts first, or run this in a terminal.";
    case "upload_bpftool":
      return `Give --lend-bpftool to lend it bpftool ${prompt.version} for this run.`;
    case "keyboard_interactive":
    case "password":
      return "Use a key that the node accepts (--identity, or an agent), or run this in a terminal.";
    case "passphrase":
      return "Load the key into an agent (ssh-add), or run this in a terminal.";
    case "sudo_password":
      return "Allow sudo without a password, log in as root, or run this in a terminal.";
  }
}
