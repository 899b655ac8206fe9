/**
 * Lines for sudoers that would give an account what it lacks, with a comment for each on what it allows.
 * Checked by `visudo -cf` in a test; written by nobody but the person who reads them.
 */

/** A login name that sudoers can hold; others get no lines. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.@\\$ -]*$/;
const PATH = /^\/[A-Za-z0-9_./+-]+$/;

/** What the collector asks bpftool, word for word. */
const READS = [
  "-j btf show",
  "-j -f link show",
  "-j -f map show",
  "map show",
  "-j net show",
  "-j perf show",
  "-j -f prog show",
  "-j struct_ops show",
];
/** What it asks with a value in it; `^…$` are regular expressions, which sudo knows since 1.9.10. */
const READS_OF = [
  "^-j cgroup tree /[A-Za-z0-9_./-]+$",
  "^-j map dump id [0-9]+$",
  "^-j prog dump xlated id [0-9]+ opcodes$",
  "^prog dump xlated id [0-9]+$",
];

/** Null when there are no lines for such a name. `bpftool`: where the node has it. */
export function sudoersFor(user: string, bpftool: string | null): string | null {
  if (!NAME.test(user)) return null;
  const name = user.replace(/[^A-Za-z0-9_.-]/g, "\\$&");
  const full = [
    "# Put one of the two into a file of /etc/sudoers.d with `visudo -f`, and connect again.",
    "#",
    "# 1. Everything: bpfdesk runs its commands by /bin/sh as root, under a guard that stops them when the",
    "#    connection is lost. A shell as root is root.",
    `${name} ALL=(root) NOPASSWD: /bin/sh`,
  ];
  if (bpftool === null || !PATH.test(bpftool)) {
    return `${[...full, "#", "# 2. Reading only needs bpftool, which this node does not have."].join("\n")}\n`;
  }
  const commands = [...READS, ...READS_OF.map(escaped)].map((args) => `#     ${bpftool} ${args}`);
  return `${[
    ...full,
    "#",
    "# 2. Reading only: programs, maps and where they are attached, but no other network namespace, no names",
    "#    of processes, no tracing. It reads every map of the kernel and changes nothing. Keep the arguments:",
    "#    bpftool with any arguments as root is as good as root. Those between ^ and $ need sudo 1.9.10.",
    `# ${name} ALL=(root) NOPASSWD: \\`,
    commands.join(", \\\n"),
  ].join("\n")}\n`;
}

/** In the arguments of a command these characters separate or escape. */
function escaped(args: string): string {
  return args.replace(/[,:=\\]/g, "\\$&");
}
