/** See lib/matrix.ts. */
import { kernelTests } from "./lib/matrix.ts";

kernelTests("newest");
