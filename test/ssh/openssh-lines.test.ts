/** The promises about bad lines, odd accounts and the configuration, kept by the system's ssh too. */
import { connectBy } from "../support/ssh-connect.ts";

connectBy("openssh");
await import("./ssh-config.test.ts");
await import("./ssh-cuts.test.ts");
