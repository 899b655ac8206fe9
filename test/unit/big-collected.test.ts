import { expect, it } from "vitest";
import { readFacts } from "../../electron/core/facts/facts.ts";
import { layoutPicture } from "../../electron/core/layout/picture.ts";
import { buildDatapath } from "../../electron/core/model/build.ts";
import type { Datapath } from "../../electron/core/model/types.ts";
import { bigCollected } from "../support/big-collected.ts";
import { bigNode, NODE_SIZES } from "../support/big-node.ts";

/** What both ways to the made-up node must agree on. */
function essence(datapath: Datapath) {
  return {
    hooks: datapath.interfaces
      .flatMap((iface) =>
        iface.hooks
          .filter((hook) => hook.entries.length > 0)
          .map((hook) => ({
            iface: iface.key,
            hook: hook.hook,
            entries: hook.entries.map((entry) => [entry.mechanism, entry.pref, entry.prog_id]),
          })),
      )
      .sort((a, b) => (a.iface + a.hook < b.iface + b.hook ? -1 : 1)),
    pods: datapath.interfaces
      .flatMap((iface) => (iface.pod === null ? [] : [[iface.key, iface.pod, iface.peer, iface.pod_host_end]]))
      .sort(),
    names: datapath.pods.map((pod) => `${pod.namespace}/${pod.name}`).sort(),
    programs: datapath.programs.map((program) => [program.id, program.name, program.owner?.family ?? null]),
    cgroups: datapath.cgroups.map((at) => [at.cgroup, at.attach_type, at.prog_id]).sort(),
    tracing: datapath.tracing.map((at) => [at.kind, at.target, at.prog_id]).sort(),
    maps: datapath.maps.map((map) => [map.id, map.type, map.used_by.length]),
  };
}

it("says in the tools' words what the made-up model says", () => {
  const options = { ...NODE_SIZES.small, findings: 0 };
  const read = buildDatapath(readFacts(bigCollected(options)));
  const made = bigNode(options);
  expect(essence(read)).toEqual(essence(made));
  const warnings = read.sections.flatMap(({ section, warnings: list }) =>
    list.map(({ code }) => `${section}: ${code}`),
  );
  expect(warnings).toEqual(["k8s.crictl: tool-missing"]);
});

it("is the same to the byte every time", () => {
  expect(bigCollected(NODE_SIZES.tiny)).toEqual(bigCollected(NODE_SIZES.tiny));
});

it("becomes a picture with every attachment in it", () => {
  const read = buildDatapath(readFacts(bigCollected(NODE_SIZES.busy)));
  const picture = layoutPicture(read, {
    open: new Set(),
    show_maps: false,
    visible: null,
    previous: null,
    wrap_width: 1000,
  });
  const keys = read.interfaces.flatMap((iface) =>
    iface.hooks.flatMap((hook) => hook.entries.map((entry) => entry.key)),
  );
  expect(keys.filter((key) => !picture.index.has(key))).toEqual([]);
});
