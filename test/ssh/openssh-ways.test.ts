/** The promises about hops, bad servers, bad lines and root, kept by the system's ssh too. */
import { connectBy } from "../support/ssh-connect.ts";

connectBy("openssh");
await import("./ssh-hops.test.ts");
await import("./ssh-proxy-command.test.ts");
await import("./ssh-broken.test.ts");
await import("./ssh-root.test.ts");
