/** Root over SSH: sudo with and without a password, and what is said when there is none. */
import { describe, expect, it } from "vitest";
import { connect } from "../support/ssh-connect.ts";
import { ALL_PHASES, me, result, sshd, stopAfterEach } from "../support/ssh-lab.ts";

stopAfterEach();

describe("root", () => {
  it("asks for the password of sudo when it needs one, again when it is wrong", async () => {
    const server = await sshd();
    const answers = { sudo_password: ["wrong", server.passwords.careful] };
    const host = me(server, "careful");
    expect(await result(connect(server, { user: "careful", identity_file: server.keyFile, answers }))).toEqual({
      connected: { host, user: "careful", privileges: "sudo_password" },
      asked: [
        { kind: "sudo_password", user: "careful", host, attempt: 1 },
        { kind: "sudo_password", user: "careful", host, attempt: 2 },
      ],
      phases: ALL_PHASES,
    });
  });

  it("says so after three wrong passwords", async () => {
    const server = await sshd();
    const answers = { sudo_password: ["a", "b", "c", "d"] };
    const { failed, asked } = await result(
      connect(server, { user: "careful", identity_file: server.keyFile, answers }),
    );
    expect(failed).toMatchObject({ code: "sudo-password-wrong", phase: "privileges", node: me(server, "careful") });
    expect(asked).toHaveLength(3);
  });

  it("goes on without root when no password is given, unless root was wanted", async () => {
    const server = await sshd();
    const options = { user: "careful", identity_file: server.keyFile, answers: { sudo_password: [null] } };
    expect(await result(connect(server, options))).toMatchObject({ connected: { privileges: "none" } });
    expect((await result(connect(server, { ...options, sudo: true }))).failed).toMatchObject({
      code: "sudo-refused",
      phase: "privileges",
      message: expect.stringContaining("no password for sudo was given"),
    });
    expect(await result(connect(server, { ...options, sudo: false }))).toMatchObject({
      connected: { privileges: "none" },
      asked: [],
    });
  });

  it("says that sudoers does not allow it", async () => {
    const server = await sshd();
    const answers = { sudo_password: [server.passwords["nobody-special"]] };
    const attempt = connect(server, { user: "nobody-special", identity_file: server.keyFile, answers, sudo: true });
    expect((await result(attempt)).failed).toMatchObject({
      code: "sudo-refused",
      message: `nobody-special gets no root on ${me(server, "nobody-special")}: sudoers does not allow it.`,
    });
  });

  it("is found behind a noisy login profile", async () => {
    const server = await sshd({ noisy: true, banner: "Authorised use only\n" });
    const answers = { sudo_password: [server.passwords.careful] };
    const attempt = connect(server, { user: "careful", identity_file: server.keyFile, answers });
    expect(await result(attempt)).toMatchObject({ connected: { privileges: "sudo_password" } });
  });

  it("says when the account runs no commands", async () => {
    const server = await sshd({ config: ["ForceCommand echo no commands here; exit 1"] });
    expect((await result(connect(server, { identity_file: server.keyFile }))).failed).toMatchObject({
      code: "exec-failed",
      phase: "privileges",
      cause: "no commands here",
    });
  });
});
