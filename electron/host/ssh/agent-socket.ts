/** Where the ssh-agent listens: a unix socket, or on Windows the named pipe of its OpenSSH service. */
const WINDOWS_PIPE = "\\\\.\\pipe\\openssh-ssh-agent";

/**
 * The socket or pipe that IdentityAgent (undefined when it is not set) and the environment name, or null
 * for none. `expand` fills in `~` and tokens.
 */
export function agentSocket(
  configured: string | undefined,
  expand: (value: string) => string,
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string | null {
  const usual = () => env.SSH_AUTH_SOCK || (platform === "win32" ? WINDOWS_PIPE : null);
  if (configured === "none") return null;
  if (configured === undefined || configured === "SSH_AUTH_SOCK") return usual();
  const variable = /^\$\{?(\w+)\}?$/.exec(configured)?.[1];
  if (variable !== undefined) return (variable === "SSH_AUTH_SOCK" ? usual() : env[variable]) || null;
  return expand(configured);
}
