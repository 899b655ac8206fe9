import { describe, expect, it } from "vitest";
import { podOfCgroup, podOfCgroups } from "./pod-cgroup.ts";

const UID = "2b801b7a-5266-4386-864e-45ed71136371";
const UNDERSCORED = UID.replaceAll("-", "_");
const STATIC = "4ab08f2d7c1e5a90b1c2d3e4f5a6b7c8";
const ID = "a".repeat(64);
const OTHER = "b".repeat(64);

const burstable = { uid: UID, container_id: ID, runtime: "containerd", qos: "burstable" };

describe("the pod of a cgroup path", () => {
  it.each([
    [
      "containerd with the systemd driver",
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`,
      burstable,
    ],
    [
      "a guaranteed pod, which has no level of its own",
      `/kubepods.slice/kubepods-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`,
      { ...burstable, qos: "guaranteed" },
    ],
    [
      "CRI-O with its inner container directory",
      `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UNDERSCORED}.slice/crio-${ID}.scope/container`,
      { ...burstable, runtime: "cri-o", qos: "besteffort" },
    ],
    ["CRI-O with cgroupfs", `/kubepods/burstable/pod${UID}/crio-${ID}`, { ...burstable, runtime: "cri-o" }],
    [
      "docker with the systemd driver",
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice/docker-${ID}.scope`,
      { ...burstable, runtime: "docker" },
    ],
    [
      "cgroupfs, where the runtime cannot be told",
      `/kubepods/burstable/pod${UID}/${ID}`,
      { ...burstable, runtime: null },
    ],
    ["a guaranteed pod with cgroupfs", `/kubepods/pod${UID}/${ID}`, { ...burstable, runtime: null, qos: "guaranteed" }],
    [
      "a kind node with its prefixed slices",
      `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`,
      burstable,
    ],
    [
      "a kind node seen from its host: the node's id comes first and is not the container's",
      `/docker/${OTHER}/kubelet/kubepods/burstable/pod${UID}/${ID}`,
      { ...burstable, runtime: null },
    ],
    [
      "a nested node below a docker scope",
      `/system.slice/docker-${OTHER}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`,
      { ...burstable, qos: "guaranteed" },
    ],
    [
      "a leaf of slice, runtime and id in one component",
      `/system.slice/containerd.service/kubepods-burstable-pod${UNDERSCORED}.slice:cri-containerd:${ID}`,
      burstable,
    ],
    [
      "a path above the reader's cgroup namespace",
      `/../../kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`,
      burstable,
    ],
    [
      "a removed cgroup",
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope (deleted)`,
      burstable,
    ],
    [
      "a static pod, whose uid has no dashes",
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${STATIC}.slice/cri-containerd-${ID}.scope`,
      { ...burstable, uid: STATIC },
    ],
    [
      "a pod's own cgroup",
      `/kubepods/besteffort/pod${UID}`,
      { uid: UID, container_id: null, runtime: null, qos: "besteffort" },
    ],
    [
      "a systemd inside of the container",
      `/kubepods/burstable/pod${UID}/${ID}/init.scope`,
      { ...burstable, runtime: null },
    ],
    [
      "a docker inside of the container: the pod's container is the outer one",
      `/kubepods/burstable/pod${UID}/${ID}/docker/${OTHER}`,
      { ...burstable, runtime: null },
    ],
  ])("finds %s", (_what, path, expected) => {
    expect(podOfCgroup(path)).toEqual(expected);
  });

  it.each([
    "/",
    "",
    "/system.slice/containerd.service",
    `/docker/${ID}`,
    "/kubepods.slice/kubepods-burstable.slice",
    `/user.slice/pod${UID}`,
    "/kubepods/burstable/podx",
    `/kubepods/burstable/pod${UID}x/${ID}`,
  ])("finds none in %j", (path) => {
    expect(podOfCgroup(path)).toBeNull();
  });

  it("takes the controller that names the container when controllers disagree", () => {
    expect(
      podOfCgroups([
        "/system.slice/containerd.service",
        `/kubepods/burstable/pod${UID}`,
        `/kubepods/burstable/pod${UID}/${ID}`,
      ]),
    ).toEqual({ ...burstable, runtime: null });
    expect(podOfCgroups(["/system.slice/containerd.service"])).toBeNull();
  });
});
