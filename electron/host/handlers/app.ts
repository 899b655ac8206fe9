/** What the installation is and offers, before any node is open. */
import type { Handlers } from "../../shared/rpc/server.ts";
import { sectionInfo } from "../collect/sections.ts";
import type { HostContext } from "./context.ts";

export function appHandlers(host: HostContext) {
  return {
    "app.info": async () => {
      const found = await host.sample();
      return {
        version: host.version,
        platform: process.platform,
        mode: host.mode,
        local: host.parts.localAvailable(),
        sample: found && { title: found.title, description: found.description },
      };
    },
    "app.wake": () => {
      host.opened()?.wake();
      return null;
    },
    "ssh.hosts": () => host.parts.listSshHosts(),
    "ssh.resolve": ({ target }, { signal }) => host.parts.resolveSsh(target, signal),
    "collect.sections": async () => sectionInfo(await host.sections()),
  } satisfies Partial<Handlers>;
}
