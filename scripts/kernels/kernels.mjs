/** The kernels bpfdesk is tried on, and what every virtual machine of them has. Data only. */

/**
 * `suites`: where the kernel's package is looked for, the first that has one is taken. `required`: a run of the whole
 * matrix fails without it. The oldest one is only there as long as its suite is kept.
 */
export const KERNELS = [
  { name: "5.10", suites: ["bullseye"], required: false },
  { name: "6.1", suites: ["bookworm"], required: true },
  { name: "6.12", suites: ["trixie"], required: true },
  { name: "newest", suites: ["sid", "forky"], required: true },
];

/** Distribution kernels for virtual machines: small, and with everything a node's kernel has. */
export const KERNEL_PACKAGE = "linux-image-cloud-amd64";

/** One userland for all kernels: what is tried here is the kernel. */
export const USERLAND_SUITE = "bookworm";
export const USERLAND_PACKAGES = [
  "systemd-sysv",
  "udev",
  "openssh-server",
  "sudo",
  "kmod",
  "procps",
  "bpftool",
  "iproute2",
  "iputils-ping",
  "ethtool",
  "nftables",
  // What asks for names, each in its own way; static, so that it is the initramfs' shell too.
  "bind9-dnsutils",
  "busybox-static",
  "curl",
  "python3-minimal",
  "libpython3-stdlib",
  "nodejs",
  // Traffic.
  "netcat-openbsd",
  "socat",
  "iperf3",
  // What the tracers are compared with.
  "bpftrace",
  "libbpf-tools",
  "strace",
];

/** Modules the machine cannot reach its disks and its network without; what they need is found by itself. */
export const BOOT_MODULES = ["virtio_pci", "virtio_blk", "virtio_net", "ext4"];
