import { describe, expect, it } from "vitest";
import { BpfdeskError } from "../../core/errors.ts";
import { hostWithPort, nodeName, parseTarget } from "./target.ts";

describe("parseTarget", () => {
  it.each([
    ["node-7", null, "node-7", null],
    [" root@node-7 ", "root", "node-7", null],
    ["node-7:2222", null, "node-7", 2222],
    ["ops@10.0.0.7:22", "ops", "10.0.0.7", 22],
    ["ops@corp@10.0.0.7", "ops@corp", "10.0.0.7", null],
    ["[fd00::7]:2222", null, "fd00::7", 2222],
    ["root@[fe80::1%eth0]", "root", "fe80::1%eth0", null],
    ["fd00::7", null, "fd00::7", null],
  ])("reads %j", (text, user, host, port) => {
    expect(parseTarget(text)).toEqual({ text: text.trim(), user, host, port });
  });

  it.each([
    ["", /names no host/],
    ["root@", /names no host/],
    ["@node", /user before @ is empty/],
    ["-oProxyCommand=x", /begin with a dash/],
    ["-l@node", /begin with a dash/],
    ["node:0", /port must be/],
    ["node:70000", /port must be/],
    ["node:ssh", /port must be/],
    ["node;id", /characters/],
    ["$(id)@node", /characters/],
    ["node two", /characters/],
  ])("refuses %j", (text, why) => {
    expect(() => parseTarget(text)).toThrow(why);
    expect(() => parseTarget(text)).toThrow(BpfdeskError);
  });
});

describe("names of a node", () => {
  it("shows the port where it is not 22 and brackets around IPv6", () => {
    expect(nodeName("root", "node", 22)).toBe("root@node");
    expect(nodeName("root", "fd00::7", 2222)).toBe("root@[fd00::7]:2222");
    expect(hostWithPort("fd00::7", 2222)).toBe("[fd00::7]:2222");
    expect(hostWithPort("fd00::7", 22)).toBe("fd00::7");
  });
});
