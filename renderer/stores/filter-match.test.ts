import { describe, expect, it } from "vitest";
import { bigNode, NODE_SIZES } from "../../test/support/big-node.ts";
import { findingKey, indexOf } from "./datapath-index.ts";
import { visibleKeys } from "./filter-match.ts";
import { emptyFilter, type FilterState } from "./filter-state.ts";

const node = bigNode(NODE_SIZES.small);
const index = indexOf(node);
const visible = (filter: Partial<FilterState>) => visibleKeys(node, { ...emptyFilter, ...filter });
const interfacesIn = (keys: ReadonlySet<string> | null) =>
  node.interfaces.filter((iface) => keys?.has(iface.key)).map((iface) => iface.name);
const programsIn = (keys: ReadonlySet<string> | null) => node.programs.filter((program) => keys?.has(program.key));

describe("the filter", () => {
  it("shows everything while it is empty", () => {
    expect(visible({ text: "  " })).toBeNull();
  });

  it("finds an interface by the program on it, and the program's maps with it", () => {
    const keys = visible({ text: "CIL_XDP_entry" });
    expect(interfacesIn(keys)).toEqual(["eth0"]);
    const maps = new Set(programsIn(keys).flatMap((program) => program.map_ids));
    expect(node.maps.filter((map) => keys?.has(map.key)).map((map) => map.id)).toEqual(
      node.maps.filter((map) => maps.has(map.id)).map((map) => map.id),
    );
  });

  it("shows of one pod its interfaces and nobody else's", () => {
    const pod = node.pods[0];
    if (!pod) throw new Error("the made-up node has pods");
    const keys = visible({ pod: pod.key });
    expect(interfacesIn(keys)).toEqual(node.interfaces.filter((it) => it.pod === pod.key).map((it) => it.name));
    expect(node.pods.filter((it) => keys?.has(it.key))).toEqual([pod]);
  });

  it("judges owner and hook on the same attachment", () => {
    const onXdp = programsIn(visible({ owner: "cilium", hook: "xdp" }));
    expect(onXdp.map((program) => program.name)).toEqual(["cil_xdp_entry"]);
    expect(programsIn(visible({ owner: "falco", hook: "xdp" }))).toEqual([]);
  });

  it("counts a program nobody is known to own as unknown", () => {
    const unowned = node.programs.filter((program) => program.owner?.family == null);
    expect(programsIn(visible({ owner: "unknown" }))).toEqual(unowned);
  });

  it("shows of a finding what it is about and what is related, no more", () => {
    const finding = node.findings[0];
    if (!finding) throw new Error("the made-up node has findings");
    const keys = visible({ finding: findingKey(finding) });
    const concerned = [finding.subject, ...finding.related].map((key) => index.things.get(key));
    const names = new Set(
      concerned.flatMap((it) =>
        it?.kind === "interface" ? [it.value.name] : it?.kind === "entry" ? [it.iface.name] : [],
      ),
    );
    expect(new Set(interfacesIn(keys))).toEqual(names);
  });
});
