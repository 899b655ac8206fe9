/** `key=value` lines about the kernel and the node. A key that could not be read is missing and null here. */
import { defineParser, type Parsed } from "../parse.ts";
import { splitLines } from "./lib/lines.ts";
import { netnsInode } from "./lib/netns-inode.ts";
import { quote, Warnings } from "./lib/warnings.ts";

export interface NodeKernel {
  hostname: string | null;
  /** `uname -r`. */
  release: string | null;
  /** `uname -v`. */
  version: string | null;
  machine: string | null;
  uptime_s: number | null;
  /** Epoch seconds on the node's clock when the section ran. */
  now: number | null;
  /** Epoch seconds. */
  boot_time: number | null;
  user: string | null;
  uid: number | null;
  cpus: number | null;
  /** Is `/sys/kernel/btf/vmlinux` there. */
  btf: boolean | null;
  jit_enable: number | null;
  jit_harden: number | null;
  bpf_stats_enabled: boolean | null;
  unprivileged_bpf_disabled: number | null;
  kptr_restrict: number | null;
  /** `none`, `integrity` or `confidentiality`. */
  lockdown: string | null;
  lsm: string[];
  cgroup_mode: string | null;
  cgroup2_mount: string | null;
  /** Inode of the node's network namespace. */
  host_netns: string | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "node.kernel": NodeKernel;
  }
}

export default defineParser({ section: "node.kernel", lines: true, parse });

function parse(text: string): Parsed<NodeKernel> {
  const warnings = new Warnings();
  const values = new Map<string, string>();
  splitLines(text).forEach((line, index) => {
    const at = line.indexOf("=");
    if (at > 0) values.set(line.slice(0, at), line.slice(at + 1).trim());
    else if (line.trim() !== "") warnings.add("odd-line", `Not understood: ${quote(line)}.`, `line ${index + 1}`);
  });
  const word = (name: string): string | null => values.get(name) || null;
  const number = (name: string): number | null => {
    const value = word(name);
    if (value === null) return null;
    // /proc/uptime has hundredths.
    const result = /^-?\d{1,15}(\.\d{1,9})?$/.test(value) ? Number(value) : null;
    if (result === null) warnings.add("wrong-type", `Expected a number, got ${quote(value)}.`, name);
    return result;
  };
  const flag = (name: string): boolean | null => {
    const value = word(name);
    if (value === null) return null;
    if (/^(1|yes|true|y)$/i.test(value)) return true;
    if (/^(0|no|false|n)$/i.test(value)) return false;
    warnings.add("wrong-type", `Expected 0 or 1, got ${quote(value)}.`, name);
    return null;
  };
  const value: NodeKernel = {
    hostname: word("hostname"),
    release: word("release"),
    version: word("version"),
    machine: word("machine"),
    uptime_s: number("uptime_s"),
    now: number("now"),
    boot_time: number("boot_time"),
    user: word("user"),
    uid: number("uid"),
    cpus: number("cpus"),
    btf: flag("btf"),
    jit_enable: number("jit_enable"),
    jit_harden: number("jit_harden"),
    bpf_stats_enabled: flag("bpf_stats_enabled"),
    unprivileged_bpf_disabled: number("unprivileged_bpf_disabled"),
    kptr_restrict: number("kptr_restrict"),
    lockdown: chosen(word("lockdown")),
    lsm: (word("lsm") ?? "").split(",").filter((name) => name !== ""),
    cgroup_mode: word("cgroup_mode"),
    cgroup2_mount: word("cgroup2_mount"),
    host_netns: netnsInode(word("host_netns")),
    raw: Object.fromEntries(values),
  };
  return { value, warnings: warnings.list() };
}

/** The kernel lists all lockdown levels and brackets the active one: `[none] integrity confidentiality`. */
function chosen(lockdown: string | null): string | null {
  return lockdown?.match(/\[(\w+)\]/)?.[1] ?? lockdown;
}
