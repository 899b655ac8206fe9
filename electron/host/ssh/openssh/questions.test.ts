import { describe, expect, it } from "vitest";
import { readQuestion, type SshQuestion } from "./questions.ts";

const NEW_KEY = `The authenticity of host '[10.0.0.7]:2222 ([10.0.0.7]:2222)' can't be established.
ED25519 key fingerprint is SHA256:po6XqzJCLEP6kxymrKi74CH9il5eCgPGguVX/Lkfwnk.
This key is not known by any other names.
Are you sure you want to continue connecting (yes/no/[fingerprint])? `;

const read = (text: string, hint = "", interactive = false) => readQuestion({ text, hint, pid: 1 }, interactive);

describe("readQuestion", () => {
  it.each<[string, string, string, SshQuestion]>([
    [
      "a new host key",
      NEW_KEY,
      "",
      {
        kind: "host_key",
        name: "[10.0.0.7]:2222",
        key_type: "ED25519",
        fingerprint: "SHA256:po6XqzJCLEP6kxymrKi74CH9il5eCgPGguVX/Lkfwnk",
      },
    ],
    [
      "a passphrase",
      "Enter passphrase for key '/home/ops/.ssh/it's a key': ",
      "",
      { kind: "passphrase", file: "/home/ops/.ssh/it's a key" },
    ],
    ["a password", "ops@node-7's password: ", "", { kind: "password", user: "ops", host: "node-7" }],
    [
      "the server's question with its host",
      "(ops@node-7) One-time code: ",
      "",
      { kind: "interactive", text: "One-time code: ", from: { user: "ops", host: "node-7" } },
    ],
    [
      "the PIN of a key",
      "Enter PIN for ED25519-SK key /home/ops/.ssh/id_ed25519_sk: ",
      "",
      { kind: "other", text: "Enter PIN for ED25519-SK key /home/ops/.ssh/id_ed25519_sk: ", echo: false },
    ],
    [
      "a touch",
      "Confirm user presence for key ED25519-SK SHA256:abc",
      "none",
      { kind: "notice", text: "Confirm user presence for key ED25519-SK SHA256:abc" },
    ],
    ["yes or no", "Allow use of key?", "confirm", { kind: "confirm", text: "Allow use of key?" }],
    [
      "a question nobody knows",
      "Accept updated hostkeys? (yes/no): ",
      "",
      { kind: "other", text: "Accept updated hostkeys? (yes/no): ", echo: true },
    ],
  ])("knows %s", (_, text, hint, expected) => {
    expect(read(text, hint)).toEqual(expected);
  });

  it("takes what is not known for the server's, where the server asks", () => {
    expect(read("Verification code: ", "", true)).toEqual({
      kind: "interactive",
      text: "Verification code: ",
      from: null,
    });
    expect(read("Verification code: ")).toMatchObject({ kind: "other" });
    expect(read("Enter PIN for ECDSA-SK key x: ", "", true)).toMatchObject({ kind: "other" });
  });

  it("does not let a server's question pass for another kind", () => {
    for (const forged of [NEW_KEY, "root@bastion's password: ", "Enter passphrase for key 'x': "]) {
      expect(read(`(a@b) ${forged}`, "", true)).toMatchObject({ kind: "interactive", text: forged });
      // As versions before 8.5 ask.
      expect(read(forged, "", true)).toMatchObject({ kind: "interactive", text: forged });
    }
  });
});
