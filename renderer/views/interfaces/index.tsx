/** Every interface of the node and of its pods' namespaces, with what sits on each hook. */
import { Network } from "lucide-react";
import type { Datapath, Hook, Iface } from "../../../electron/core/model/types.ts";
import type { DatapathIndex } from "../../stores/datapath-index.ts";
import { bigintOf, type Column } from "../../table/columns.ts";
import { findingsColumn } from "../../things/columns.tsx";
import { keyTitle, programName } from "../../things/names.ts";
import { ThingTable } from "../../things/thing-table.tsx";
import { countText } from "../../ui/format.ts";
import { defineView } from "../define.ts";

const rowsOf = (datapath: Datapath) => datapath.interfaces;

function columnsOf(index: DatapathIndex): Column<Iface>[] {
  const netnsName = new Map(index.datapath.netns.map((netns) => [netns.inode, netns.name]));
  const titleOf = (key: string | null) => (key === null ? null : keyTitle(index, key));
  const chain = (row: Iface, hooks: readonly Hook["hook"][]) =>
    row.hooks
      .filter((hook) => hooks.includes(hook.hook))
      .flatMap((hook) => hook.entries.map((entry) => programName(index, entry.prog_id) || entry.kind))
      .join(" → ") || null;
  const counter = (id: string, title: string, value: (row: Iface) => string | null): Column<Iface> => ({
    id,
    title,
    width: 90,
    align: "end",
    hidden: !id.endsWith("dropped"),
    value,
    sortValue: (row) => bigintOf(value(row)),
    render: (row) => countText(value(row)),
  });
  return [
    { id: "name", title: "Name", width: 150, mono: true, value: (row) => row.name },
    { id: "ifindex", title: "Index", width: 56, align: "end", value: (row) => row.ifindex },
    { id: "kind", title: "Kind", width: 76, value: (row) => row.kind },
    { id: "pod", title: "Pod", width: 150, grow: true, value: (row) => titleOf(row.pod) },
    {
      id: "netns",
      title: "Namespace",
      width: 110,
      value: (row) => (row.host_netns ? "host" : (netnsName.get(row.netns) ?? row.netns)),
    },
    { id: "xdp", title: "XDP", width: 110, grow: true, mono: true, value: (row) => chain(row, ["xdp"]) },
    {
      id: "ingress",
      title: "TC ingress / peer",
      width: 150,
      grow: true,
      mono: true,
      value: (row) => chain(row, ["netkit_peer", "tc_ingress"]),
    },
    {
      id: "egress",
      title: "TC egress / primary",
      width: 150,
      grow: true,
      mono: true,
      value: (row) => chain(row, ["tc_egress", "netkit_primary"]),
    },
    findingsColumn(index),
    { id: "up", title: "Up", width: 44, value: (row) => row.up },
    {
      id: "addresses",
      title: "Addresses",
      width: 140,
      grow: true,
      mono: true,
      value: (row) => row.addresses.join(", ") || null,
    },
    { id: "peer", title: "Peer", width: 110, mono: true, value: (row) => titleOf(row.peer) },
    { id: "master", title: "Master", width: 90, mono: true, hidden: true, value: (row) => titleOf(row.master) },
    { id: "driver", title: "Driver", width: 90, hidden: true, value: (row) => row.driver },
    { id: "mac", title: "MAC", width: 130, mono: true, hidden: true, value: (row) => row.mac },
    { id: "mtu", title: "MTU", width: 60, align: "end", hidden: true, value: (row) => row.mtu },
    counter("rx_packets", "rx packets", (row) => row.counters?.rx_packets ?? null),
    counter("rx_dropped", "rx dropped", (row) => row.counters?.rx_dropped ?? null),
    counter("rx_errors", "rx errors", (row) => row.counters?.rx_errors ?? null),
    counter("tx_packets", "tx packets", (row) => row.counters?.tx_packets ?? null),
    counter("tx_dropped", "tx dropped", (row) => row.counters?.tx_dropped ?? null),
    counter("tx_errors", "tx errors", (row) => row.counters?.tx_errors ?? null),
  ];
}

function Interfaces() {
  return (
    <ThingTable
      id="interfaces"
      label="Interfaces"
      rowsOf={rowsOf}
      columnsOf={columnsOf}
      emptyTitle="No interface was seen"
      emptyWhy="The sections that list them could not be read: see Commands."
    />
  );
}

export default defineView({
  id: "interfaces",
  title: "Interfaces",
  icon: Network,
  order: 15,
  scope: "node",
  place: "main",
  Component: Interfaces,
});
