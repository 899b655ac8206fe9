import fc from "fast-check";
import { expect, it } from "vitest";
import { cgroupFields, joinLine } from "./join-line.ts";
import { namesOf } from "./names.ts";
import type { RecordSchema } from "./table.ts";

const uid = "0f0e0d0c-1111-2222-3333-444444444444";
const path = `/kubepods.slice/kubepods-pod${uid.replaceAll("-", "_")}.slice/cri-containerd-${"a".repeat(64)}.scope`;
const nobody = namesOf(null);
const fields = (...names: string[]): RecordSchema => ({
  kind: "event",
  fields: names.map((name) => ({ name, type: name.endsWith("cgroup") ? "cgroup" : "text" })),
});
function joined(line: string, schema: RecordSchema): unknown {
  return JSON.parse(joinLine(line, JSON.parse(line), cgroupFields(schema), nobody));
}

it("adds the pod and the container beside a cgroup, and leaves the rest as it was written", () => {
  const line = `{"record":"seen", "big":18446744073709551615, "cgroup":"${path}"} `;
  const written = joinLine(line, JSON.parse(line), cgroupFields(fields("cgroup")), nobody);
  expect(written).toBe(`${line.trimEnd().slice(0, -1)},"pod":"${uid}","container":"aaaaaaaaaaaa"}`);
});

it("names those of a second cgroup after it", () => {
  const line = JSON.stringify({ record: "seen", cgroup: "/system.slice", peer_cgroup: path });
  expect(joined(line, fields("cgroup", "peer_cgroup"))).toEqual({
    ...JSON.parse(line),
    pod: null,
    container: null,
    peer_cgroup_pod: uid,
    peer_cgroup_container: "aaaaaaaaaaaa",
  });
});

it("adds nothing to a record without a cgroup, or one that says its pod itself", () => {
  const line = JSON.stringify({ record: "seen", text: "x", cgroup: path, pod: "its own" });
  expect(joined(line, fields("text"))).toEqual(JSON.parse(line));
  expect(joined(line, fields("cgroup", "pod"))).toEqual(JSON.parse(line));
});

it("stays one JSON object, whatever the record holds", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (members, cgroup) => {
      const line = JSON.stringify({ ...members, record: "seen", cgroup });
      expect(joined(line, fields("cgroup"))).toMatchObject({ record: "seen", pod: null, container: null });
    }),
  );
});
