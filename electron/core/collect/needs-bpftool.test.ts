import { describe, expect, it } from "vitest";
import { toolArch, whyBundledBpftool } from "./needs-bpftool.ts";

const why = (version_line: string | null, release: string | null) =>
  whyBundledBpftool({ path: "/usr/sbin/bpftool", version_line, release });

describe("whyBundledBpftool", () => {
  it("is content with a bpftool that knows what the kernel can hold", () => {
    expect(why("bpftool v7.5.0", "6.12.9-amd64")).toBeNull();
    expect(why("bpftool v7.1.0", "6.1.0-42-cloud-amd64")).toBeNull();
    expect(why("/usr/lib/linux-tools/5.15.0-91-generic/bpftool v5.15.131", "5.15.0-91-generic")).toBeNull();
  });

  it("names the attachments that an older bpftool hides", () => {
    expect(why("bpftool v7.1.0", "6.18.44")).toBe(
      "bpftool 7.1 is older than kernel 6.18 and cannot show: netfilter links, tcx attachments, netkit attachments.",
    );
    expect(why("bpftool v7.3.0", "6.8.0-31-generic")).toBe(
      "bpftool 7.3 is older than kernel 6.8 and cannot show: netkit attachments.",
    );
  });

  it("says so when there is none, or one that is only a wrapper", () => {
    expect(whyBundledBpftool({ path: null, version_line: null, release: "6.1.0" })).toContain("not installed");
    expect(why("WARNING: bpftool not found for kernel 6.8.0-31", "6.8.0-31")).toContain("does not work");
    expect(why(null, null)).toContain("does not work");
  });

  it("does not judge a working bpftool by a kernel it cannot name", () => {
    expect(why("bpftool v7.1.0", null)).toBeNull();
  });
});

describe("toolArch", () => {
  it("knows the two machines there is a bundled bpftool for", () => {
    expect(["x86_64", "aarch64", "s390x"].map(toolArch)).toEqual(["x86_64", "arm64", null]);
  });
});
