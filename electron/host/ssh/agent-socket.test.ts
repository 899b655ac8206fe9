import { expect, it } from "vitest";
import { agentSocket } from "./agent-socket.ts";

const expand = (value: string) => value.replace(/^~/, "/home/me");

it.each([
  ["the environment's where nothing is configured", undefined, { SSH_AUTH_SOCK: "/run/a" }, "linux", "/run/a"],
  ["none without either", undefined, {}, "linux", null],
  ["the pipe of Windows' OpenSSH service", undefined, {}, "win32", "\\\\.\\pipe\\openssh-ssh-agent"],
  [
    "the environment's on Windows too",
    undefined,
    { SSH_AUTH_SOCK: "\\\\.\\pipe\\other" },
    "win32",
    "\\\\.\\pipe\\other",
  ],
  ["none when it is switched off", "none", { SSH_AUTH_SOCK: "/run/a" }, "win32", null],
  ["a file name with its tokens", "~/agent", {}, "linux", "/home/me/agent"],
  ["a named pipe as it is", "\\\\.\\pipe\\mine", {}, "win32", "\\\\.\\pipe\\mine"],
  ["another variable", "$MY_AGENT", { MY_AGENT: "/run/b" }, "linux", "/run/b"],
  ["the usual one by its name", "SSH_AUTH_SOCK", {}, "win32", "\\\\.\\pipe\\openssh-ssh-agent"],
] as const)("takes %s", (_, configured, env, platform, socket) => {
  expect(agentSocket(configured, expand, env, platform)).toBe(socket);
});
