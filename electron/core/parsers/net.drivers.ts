/** Interface name, TAB, driver (from sysfs). Devices without a driver are not listed. */
import { defineParser } from "../parse.ts";
import { lineRows } from "./lib/lines.ts";

export interface DriverRow {
  ifname: string;
  driver: string;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "net.drivers": DriverRow[];
  }
}

export default defineParser({
  section: "net.drivers",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): DriverRow | null | undefined => {
      const [ifname, driver, ...rest] = line.split("\t");
      if (!ifname || driver === undefined || rest.length > 0) return undefined;
      return driver === "" ? null : { ifname, driver, raw: line };
    }),
});
