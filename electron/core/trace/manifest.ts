/**
 * `tracer.yaml`: what a tracer asks, its parameters, its records and their fields. The app's forms, columns and docs,
 * the tracer's own parameter checks and its schema line all come from it.
 */
import { z } from "zod";

const name = z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, "lower case letters, digits and underscores");
const words = z.string().min(1).max(2000);

/** What a kernel may offer; probed by trying, never by version. Names are those of `bpf/lib/kernel_features.h`. */
export const feature = z.enum([
  "btf",
  "ringbuf",
  "fexit_prog",
  "fentry",
  "kprobe",
  "tp_btf",
  "raw_tp",
  "cgroup_skb",
  "cgroup_sock",
  "iter_task_file",
  "iter_tcp",
  "bpf_stats",
]);
export type Feature = z.infer<typeof feature>;

export const fieldType = z.enum([
  "time",
  "u64",
  "i64",
  "f64",
  "bool",
  "text",
  "ip",
  "port",
  "hex",
  "enum",
  "list",
  "stack",
  "cgroup",
  "ifindex",
  "object",
]);
export type FieldType = z.infer<typeof fieldType>;

export const unit = z.enum(["ns", "us", "ms", "s", "bytes", "packets", "segments", "percent", "per_second"]);

export const tracerField = z.strictObject({
  name,
  title: words,
  description: words,
  type: fieldType,
  unit: unit.optional(),
  /** Of the column, in px. */
  width: z.int().min(24).max(800).default(96),
  /** Not shown until asked for. */
  hidden: z.boolean().default(false),
  /** Part of what tells one record of kind `total` from another. */
  key: z.boolean().default(false),
  values: z.array(z.string()).optional(),
});
export type TracerField = z.output<typeof tracerField>;

export const tracerRecord = z.strictObject({
  title: words,
  description: words,
  /** `event` happened once; a `total` replaces the earlier one with the same key. */
  kind: z.enum(["event", "total"]),
  fields: z.array(tracerField).min(1),
});
export type TracerRecord = z.output<typeof tracerRecord>;

export const tracerParam = z.strictObject({
  name,
  title: words,
  description: words,
  /** `list`: comma-separated text. */
  type: z.enum(["text", "u64", "f64", "bool", "enum", "list"]),
  /** As text; absent: nothing is chosen. */
  default: z.string().optional(),
  required: z.boolean().default(false),
  min: z.number().optional(),
  max: z.number().optional(),
  max_length: z.int().positive().optional(),
  /** Of an enum. */
  values: z.array(z.string()).optional(),
  unit: unit.optional(),
  /** Values the node's picture can offer. */
  suggests: z.enum(["ifname", "prog_id", "map_id", "pid", "netns", "pod", "ip"]).optional(),
});
export type TracerParam = z.output<typeof tracerParam>;

export const tracerVariant = z.strictObject({
  id: name,
  title: words,
  needs: z.array(feature),
  /** What its evidence proves, in words: "this program", "this hook". */
  proves: words,
});

export const tracerManifest = z.strictObject({
  name,
  title: words,
  /** The question an engineer has. */
  question: words,
  summary: words,
  /** What it costs on a busy node: `low` below 0.1 % of a CPU, `medium` below 1 %, `high` may reach its budget. */
  cost: z.enum(["low", "medium", "high"]),
  cost_note: words,
  needs: z.array(feature),
  /** Best first; chosen at run time by what the kernel offers. */
  variants: z.array(tracerVariant).min(1),
  /** Releases on which its cases pass. */
  kernels_tried: z.array(z.string()),
  params: z.array(tracerParam),
  records: z.record(name, tracerRecord),
});
export type TracerManifest = z.output<typeof tracerManifest>;
