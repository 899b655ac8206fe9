/** XDP in generic mode on an interface whose driver has native XDP: the program runs late and slow. */
import { entryLabel, hookLabel } from "../model/label.ts";
import { defineFinding } from "./define.ts";

/**
 * Drivers with ndo_bpf and XDP_SETUP_PROG, as sysfs names them (drivers/net, kernel 6.18), with the kernel
 * that brought it where it is long ago enough to matter little: veth 4.19 (948d4f214fde), virtio_net 4.10. netkit is none:
 * 7.2 answers "Operation not supported".
 */
const NATIVE = new Set([
  ...["veth", "virtio_net", "tun", "bond", "bonding", "hv_netvsc", "xen_netfront", "vif", "vmxnet3"],
  ...["mlx4_core", "mlx4_en", "mlx5_core", "i40e", "iavf", "ice", "ixgbe", "ixgbevf", "igb", "igc"],
  ...["bnxt_en", "qede", "nfp", "ena", "gve", "mana", "sfc", "sfc_ef100", "atlantic", "fun", "fec", "tsnep"],
  ...["mvneta", "mvpp2", "dpaa2-eth", "fsl_dpaa2_eth", "fsl_enetc", "stmmac", "cpsw", "thunderx-nicvf", "otx2"],
]);

export default defineFinding({
  id: "xdp-generic-on-native-driver",
  title: "XDP in generic mode on a driver that has native XDP",
  examine(datapath) {
    const programs = new Map(datapath.programs.map((one) => [one.id, one]));
    return datapath.interfaces.flatMap((iface) =>
      iface.hooks.flatMap((hook) =>
        hook.entries.flatMap((entry) => {
          if (entry.mode !== "generic" || iface.driver === null || !NATIVE.has(iface.driver)) return [];
          const program = entry.prog_id === null ? undefined : programs.get(entry.prog_id);
          return [
            {
              id: "xdp-generic-on-native-driver",
              severity: "info" as const,
              subject: entry.key,
              subject_name: hookLabel(iface, hook),
              evidence: [`${entryLabel(entry, program)}`, `driver ${iface.driver}`, `mtu ${iface.mtu ?? "unknown"}`],
              meaning:
                "Generic XDP runs after the kernel has built its packet buffer and gains little over tc. This driver has native XDP; it may still refuse it for this interface (MTU, offloads, queues), which its loader would have been told.",
              related: [iface.key, ...(program === undefined ? [] : [program.key])],
            },
          ];
        }),
      ),
    );
  },
});
