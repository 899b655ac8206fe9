/**
 * Answers the host's prompts from a terminal, or refuses where nobody is there to ask.
 * Refusing is never silent: the line says what was asked and how to provide it beforehand.
 */
import type { Prompt } from "../core/journal/events.ts";
import type { PromptAnswer } from "../shared/contract.ts";
import type { Terminal } from "./terminal.ts";

export interface AnswerPolicy {
  /** Lend the bundled bpftool without asking (`--lend-bpftool`). */
  lend_bpftool: boolean;
}

const refuse: PromptAnswer = { accept: false, values: [] };

export async function answerPrompt(prompt: Prompt, terminal: Terminal, policy: AnswerPolicy): Promise<PromptAnswer> {
  if (prompt.kind === "upload_bpftool" && policy.lend_bpftool) return { accept: true, values: [] };
  if (!terminal.interactive) {
    terminal.say(unattended(prompt));
    return refuse;
  }
  switch (prompt.kind) {
    case "host_key_new": {
      terminal.say(`The key of ${prompt.host} port ${prompt.port} is not known yet.`);
      if (prompt.known_types.length > 0)
        terminal.say(`Careful: this host is known by other keys (${prompt.known_types.join(", ")}).`);
      terminal.say(`${prompt.key_type} fingerprint: ${prompt.fingerprint}`);
      const said = await terminal.ask("Trust it and go on? Type yes or paste the expected fingerprint: ", {
        secret: false,
      });
      return { accept: said.trim() === "yes" || said.trim() === prompt.fingerprint, values: [] };
    }
    case "upload_bpftool": {
      terminal.say(prompt.reason);
      const said = await terminal.ask(
        `Lend bpftool ${prompt.version} (${Math.ceil(prompt.bytes / 1024)} KiB) to ${prompt.host} for this run? [y/N] `,
        { secret: false },
      );
      return { accept: /^y(es)?$/i.test(said.trim()), values: [] };
    }
    case "keyboard_interactive": {
      if (prompt.instructions) terminal.say(prompt.instructions);
      const values: string[] = [];
      for (const field of prompt.prompts) values.push(await terminal.ask(field.text, { secret: !field.echo }));
      return { accept: true, values };
    }
    default: {
      const value = await terminal.ask(`${label(prompt)}: `, { secret: true });
      return value === "" ? refuse : { accept: true, values: [value] };
    }
  }
}

type SecretPrompt = Extract<Prompt, { kind: "password" | "passphrase" | "sudo_password" }>;

function label(prompt: SecretPrompt): string {
  const again = prompt.attempt > 1 ? " (wrong, try again)" : "";
  switch (prompt.kind) {
    case "password":
      return `Password of ${prompt.user} on ${prompt.host}${again}`;
    case "passphrase":
      return `Passphrase of ${prompt.file}${again}`;
    case "sudo_password":
      return `sudo password of ${prompt.user} on ${prompt.host}${again}`;
  }
}

/** What to say when a question comes up and there is no terminal. */
function unattended(prompt: Prompt): string {
  switch (prompt.kind) {
    case "host_key_new":
      return `The key of ${prompt.host} is not known (${prompt.key_type} ${prompt.fingerprint}). Add it to known_hosts first, or run this in a terminal.`;
    case "upload_bpftool":
      return `${prompt.reason} Give --lend-bpftool to lend it bpftool ${prompt.version}.`;
    case "keyboard_interactive":
    case "password":
      return "The server asks for a password and there is no terminal. Use a key or an agent.";
    case "passphrase":
      return `The key ${prompt.file} needs its passphrase and there is no terminal. Load it into an agent.`;
    case "sudo_password":
      return "sudo asks for a password and there is no terminal. Allow it without one, or log in as root.";
  }
}
