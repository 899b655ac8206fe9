/** See lib/matrix.ts. */
import { kernelTests } from "./lib/matrix.ts";

kernelTests("6.12");
