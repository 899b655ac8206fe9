/**
 * Decides whether a node's own bpftool shows everything its kernel can hold, and says what it would hide.
 * Pure; lending the bundled one is `host/tools`.
 */

export interface BpftoolFacts {
  /** Where the node has it, or null. */
  path: string | null;
  /** First line of `bpftool version`, or null. */
  version_line: string | null;
  /** `uname -r`, or null. */
  release: string | null;
}

/**
 * Attachments that a kernel can hold, and a bpftool that is sure to list them. A bpftool carries libbpf's
 * version plus six, and a version is cut some time after the kernel of the same tree, so where one number
 * stands for trees with and without it the next one is named.
 */
const KNOWLEDGE: { what: string; kernel: [number, number]; bpftool: [number, number] }[] = [
  // Kernel commit 84601d6ee68a.
  { what: "netfilter links", kernel: [6, 4], bpftool: [7, 3] },
  // Kernel commit e420bed02507. Seen: 7.1 does not list tcx, 7.5 does.
  { what: "tcx attachments", kernel: [6, 6], bpftool: [7, 3] },
  // Kernel commit 35dfaad7188c.
  { what: "netkit attachments", kernel: [6, 7], bpftool: [7, 4] },
];

/**
 * Why the bundled bpftool should be used on this node, as a sentence to show, or null when its own will do.
 * An unknown kernel release never makes a working bpftool insufficient.
 */
export function whyBundledBpftool(facts: BpftoolFacts): string | null {
  if (facts.path === null) return "bpftool is not installed, so no program, map or attachment can be seen.";
  const version = twoNumbers(/\bbpftool v(\d{1,4})\.(\d{1,4})/.exec(facts.version_line ?? ""));
  if (version === null) {
    // Before 7.0 bpftool carried the kernel's version (bpftool v5.15.x), which is read the same way; no version
    // at all is a wrapper script that found none for the running kernel.
    return `${facts.path} does not work on this kernel, so no program, map or attachment can be seen.`;
  }
  const kernel = twoNumbers(/^(\d{1,4})\.(\d{1,4})/.exec(facts.release ?? ""));
  if (kernel === null) return null;
  const hidden = KNOWLEDGE.filter((item) => !before(kernel, item.kernel) && before(version, item.bpftool));
  if (hidden.length === 0) return null;
  const list = hidden.map((item) => item.what).join(", ");
  return `bpftool ${version.join(".")} is older than kernel ${kernel.join(".")} and cannot show: ${list}.`;
}

/** Name of the bundled bpftool's folder for `uname -m`, or null when there is none. */
export function toolArch(machine: string): "x86_64" | "arm64" | null {
  if (machine === "x86_64" || machine === "amd64") return "x86_64";
  return machine === "aarch64" || machine === "arm64" ? "arm64" : null;
}

function twoNumbers(match: RegExpExecArray | null): [number, number] | null {
  return match === null ? null : [Number(match[1]), Number(match[2])];
}

function before(a: [number, number], b: [number, number]): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}
