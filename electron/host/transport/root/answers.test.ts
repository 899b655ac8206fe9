import { describe, expect, it } from "vitest";
import { Answers, PLAIN, sameEveryTime } from "./answers.ts";

describe("answers to sudo and doas", () => {
  it("are kept for passwords, never for what may be a code", () => {
    const kept = [PLAIN, "Password for LDAP:", "doas (me@node) password:", "(current) UNIX password:", "Kennwort:"];
    const asked = [
      "Verification code:",
      "Passcode or option (1-3):",
      "One-time password:",
      "Password & OTP:",
      "PIN:",
      "Response:",
      "otp-md5 498 ga4321 password:",
      "",
    ].filter((question) => question !== PLAIN);
    expect([kept.map(sameEveryTime), asked.map(sameEveryTime)]).toEqual([kept.map(() => true), asked.map(() => false)]);
  });

  it("that were refused are gone, overwritten, and asked for as another attempt", () => {
    const answers = new Answers();
    const secret = Buffer.from("secret");
    answers.keep(PLAIN, secret);
    expect([answers.get(PLAIN), answers.attempt(PLAIN)]).toEqual([secret, 1]);
    answers.forget(PLAIN);
    expect([answers.get(PLAIN), answers.attempt(PLAIN), secret]).toEqual([undefined, 2, Buffer.alloc(6)]);
  });
});
