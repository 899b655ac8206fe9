/**
 * Families of agents that load BPF programs, and what counts as evidence for each.
 *
 * Evidence, strongest first: a process (its comm and program file), a pin path, names of maps. A
 * program's own name proves nothing (anyone may call a program cil_to_container), so it only supports
 * evidence of another kind. Patterns follow the projects' own layouts.
 */
interface Family {
  family: string;
  /** comm, cut at 15 characters by the kernel, or the base name of the program file. */
  process: RegExp;
  /** A pin's path. */
  pin: RegExp | null;
  /** A map's name, cut at 15 characters. */
  map: RegExp | null;
  /** A program's name: supports other evidence only. */
  program: RegExp | null;
  /** True for a CNI that enforces policy with programs on every pod interface. */
  enforces: boolean;
}

const FAMILIES: readonly Family[] = [
  {
    family: "cilium",
    process: /^cilium-(agent|envoy|health-responder)$/,
    pin: /\/cilium(\/|_)|\/tc\/globals\/cilium_/,
    map: /^cilium_/,
    program: /^(cil_|tail_)/,
    enforces: true,
  },
  {
    family: "calico",
    process: /^calico-(node|felix)$/,
    pin: /\/calico(\/|_)|\/tc\/globals\/cali_/,
    map: /^cali_/,
    program: /^(cali_|calico_)/,
    enforces: true,
  },
  { family: "tetragon", process: /^tetragon$/, pin: /\/tetragon(\/|_|$)/, map: /^tg_/, program: null, enforces: false },
  { family: "falco", process: /^falco$/, pin: /\/falco(\/|_)/, map: null, program: null, enforces: false },
  {
    family: "datadog",
    process: /^(system-probe|datadog-agent|security-agent|agent\/system-probe)$/,
    pin: /\/datadog(\/|_)/,
    map: null,
    program: null,
    enforces: false,
  },
  {
    family: "retina",
    process: /^(retina-agent|retina-controller)$/,
    pin: /\/retina(\/|_)/,
    map: /^retina_/,
    program: null,
    enforces: false,
  },
  { family: "tracee", process: /^tracee(-ebpf)?$/, pin: null, map: null, program: null, enforces: false },
  {
    family: "inspektor-gadget",
    process: /^(gadgettracerman|gadgettracermanager|ig)$/,
    pin: /\/gadget(\/|_|tracer)/,
    map: /^gadget_/,
    program: null,
    enforces: false,
  },
  {
    family: "aws-vpc-cni",
    process: /^(aws-k8s-agent|aws-eks-na-cli|controller-aws-network-policy-agent)$/,
    pin: /\/globals\/aws\//,
    map: /^aws_/,
    program: null,
    enforces: false,
  },
  { family: "kube-proxy", process: /^kube-proxy$/, pin: null, map: null, program: null, enforces: false },
  { family: "systemd", process: /^systemd$/, pin: /\/systemd(\/|$)/, map: null, program: /^sd_/, enforces: false },
];

/** The family a process belongs to by name or program file, null when it is none of them. */
export function familyOfProcess(comm: string, exe: string | null): { family: string; because: string } | null {
  const file = exe === null ? "" : exe.slice(exe.lastIndexOf("/") + 1);
  for (const one of FAMILIES) {
    if (one.process.test(file)) return { family: one.family, because: `program file ${exe}` };
    if (one.process.test(comm)) return { family: one.family, because: `process name ${comm}` };
  }
  return null;
}

/** The family a pin path points to. */
export function familyOfPin(path: string): string | null {
  return FAMILIES.find((one) => one.pin?.test(path))?.family ?? null;
}

/** The family a map's name points to. */
export function familyOfMapName(name: string): string | null {
  return FAMILIES.find((one) => one.map?.test(name))?.family ?? null;
}

/** True when a program's name fits a family found by other evidence. */
export function nameFits(family: string, program: string): boolean {
  return FAMILIES.find((one) => one.family === family)?.program?.test(program) ?? false;
}

/** True when a family enforces pod policy with programs on pod interfaces. */
export function enforces(family: string): boolean {
  return FAMILIES.find((one) => one.family === family)?.enforces ?? false;
}
