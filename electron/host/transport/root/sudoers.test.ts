import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { sudoersFor } from "./sudoers.ts";

const visudo = (text: string) => spawnSync("/usr/sbin/visudo", ["-cf", "-"], { input: text, encoding: "utf8" });
const installed = visudo("").error === undefined;

describe.runIf(installed)("lines for sudoers", () => {
  it.each(["engineer", "j.doe-2", "DOM\\user", "user@example.org", "with space", "svc$"])(
    "pass visudo for the account %s, whichever of the two is taken",
    (user) => {
      const text = sudoersFor(user, "/usr/sbin/bpftool") ?? "";
      const [full = "", reading = ""] = text.split("# 2. ");
      const second = reading.slice(reading.indexOf("NOPASSWD: \\\n")).replaceAll(/^# /gm, "");
      for (const lines of [text, full, `root ALL=(root) ${second}`]) {
        const { status, stderr, stdout } = visudo(lines);
        expect([status, stdout + stderr, lines]).toEqual([0, expect.any(String), lines]);
      }
    },
  );
});

describe("lines for sudoers", () => {
  it("are not made for a name that could mean something else, nor with a path that could", () => {
    for (const name of ["", "%wheel", "#0", "+netgroup", "a\nb", "a,b", "ALL=(ALL)"]) {
      expect(sudoersFor(name, null)).toBeNull();
    }
    expect(sudoersFor("engineer", "/opt/my tools/bpftool")).not.toContain("my tools");
  });

  it("say what each of them allows", () => {
    const text = sudoersFor("engineer", "/usr/sbin/bpftool") ?? "";
    expect(text).toContain("\nengineer ALL=(root) NOPASSWD: /bin/sh\n");
    expect(text).toContain("A shell as root is root.");
    expect(text).toContain("with any arguments as root is as good as root");
    expect(text).toContain("\n#     /usr/sbin/bpftool -j -f prog show, \\\n");
  });
});
