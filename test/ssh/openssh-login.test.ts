/** The promises about logging in and host keys, kept by the system's ssh too. */
import { connectBy } from "../support/ssh-connect.ts";

connectBy("openssh");
await import("./ssh-auth.test.ts");
await import("./ssh-hostkeys.test.ts");
await import("./ssh-chains.test.ts");
