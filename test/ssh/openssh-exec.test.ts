/** The promises about running commands, kept by the system's ssh too. */
import { connectBy } from "../support/ssh-connect.ts";

connectBy("openssh");
await import("./ssh-exec.test.ts");
