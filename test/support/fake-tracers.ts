/** An installation's folder of tracers that holds one, which is a script. For tests of the host; nothing is traced. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

const SCRIPT = path.resolve(import.meta.dirname, "fake-tracer.sh");
const words = (text: string) => ({ title: text, description: text });
const field = (name: string, type: string, more: object = {}) => ({ name, type, ...words(name), ...more });

const manifest = {
  name: "fake",
  title: "Fake",
  question: "What does the host do with a tracer?",
  summary: "Says what it is told to.",
  cost: "low",
  cost_note: "None.",
  needs: [],
  variants: [{ id: "plain", title: "Plain", needs: [], proves: "nothing" }],
  kernels_tried: [],
  params: [
    { name: "do", type: "text", ...words("What it does") },
    { name: "events", type: "u64", min: 0, max: 100_000, ...words("How many") },
    { name: "text", type: "text", ...words("What they say") },
  ],
  records: {
    seen: {
      ...words("Seen"),
      kind: "event",
      fields: [field("time_us", "time"), field("n", "u64"), field("text", "text"), field("cgroup", "cgroup")],
    },
    sum: { ...words("Sums"), kind: "total", fields: [field("who", "text", { key: true }), field("n", "u64")] },
  },
};

/** Makes the folder. */
export function writeFakeTracers(folder: string): void {
  const script = fs.readFileSync(SCRIPT);
  const sha256 = createHash("sha256").update(script).digest("hex");
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "tracers.json"), JSON.stringify([manifest]));
  for (const arch of ["x86_64", "arm64"]) {
    fs.mkdirSync(path.join(folder, arch));
    fs.writeFileSync(path.join(folder, arch, "bpfdesk-tracer"), script);
    const about = { version: "1", arch, bytes: script.length, sha256 };
    fs.writeFileSync(path.join(folder, arch, "manifest.json"), JSON.stringify(about));
  }
}
