/** Names of the hooks, for choices and column texts. The direction of one interface's hook is in the model. */
export const HOOK_NAMES = {
  xdp: "XDP",
  tc_ingress: "TC ingress",
  tc_egress: "TC egress",
  netkit_primary: "netkit primary",
  netkit_peer: "netkit peer",
  cgroup: "cgroup",
  tracing: "tracing and other",
} as const;
