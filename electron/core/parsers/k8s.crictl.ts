/** `crictl pods -o json`, a line `#ps`, `crictl ps -o json`: pods and containers as the runtime knows them. */
import { defineParser, type Parsed } from "../parse.ts";
import { type Context, type Fields, isObject, readRow } from "./lib/fields.ts";
import { openJson } from "./lib/rows.ts";
import { Warnings } from "./lib/warnings.ts";

export interface CrictlPod {
  /** Sandbox id. */
  id: string;
  name: string | null;
  namespace: string | null;
  uid: string | null;
  /** `SANDBOX_READY` or `SANDBOX_NOTREADY`. */
  state: string | null;
  raw: unknown;
}

export interface CrictlContainer {
  id: string;
  /** Sandbox id of its pod. */
  pod_sandbox_id: string | null;
  name: string | null;
  /** What the pod's specification asked for where crictl tells, else the image's reference. */
  image: string | null;
  state: string | null;
  pod_uid: string | null;
  raw: unknown;
}

export interface Crictl {
  pods: CrictlPod[];
  containers: CrictlContainer[];
}

declare module "../parse.ts" {
  interface SectionFacts {
    "k8s.crictl": Crictl;
  }
}

export default defineParser({ section: "k8s.crictl", parse });

function parse(text: string): Parsed<Crictl> {
  const warnings = new Warnings();
  const [first = "", ...rest] = `\n${text}`.split("\n#ps");
  const pods = listOf(first, "items", podOf);
  const containers = listOf(rest.join("\n"), "containers", containerOf);
  for (const { code, message, path } of pods.warnings) warnings.add(code, message, `pods ${path ?? ""}`.trim());
  for (const { code, message, path } of containers.warnings) warnings.add(code, message, `ps ${path ?? ""}`.trim());
  return { value: { pods: pods.value, containers: containers.value }, warnings: warnings.list() };
}

function listOf<T>(text: string, name: string, make: (row: Fields) => T): Parsed<T[]> {
  const { documents, context } = openJson(text, { empty_is_none: true });
  const value = documents.flatMap(({ document, path }) => {
    if (!isObject(document)) return notAnObject(context, path);
    return readRow(document, path, context, (row) => row.rows(name, make), { keep_cut: true }) ?? [];
  });
  return { value, warnings: context.warnings.list() };
}

function notAnObject(context: Context, path: string): [] {
  context.warnings.add("wrong-type", "Expected an object.", path);
  return [];
}

function podOf(row: Fields): CrictlPod {
  const metadata = row.object("metadata");
  return {
    id: row.needText("id"),
    name: metadata?.text("name") ?? null,
    namespace: metadata?.text("namespace") ?? null,
    uid: metadata?.text("uid") ?? null,
    state: row.text("state"),
    raw: row.raw,
  };
}

function containerOf(row: Fields): CrictlContainer {
  const image = row.object("image");
  return {
    id: row.needText("id"),
    pod_sandbox_id: row.text("podSandboxId"),
    name: row.object("metadata")?.text("name") ?? null,
    image: image?.text("userSpecifiedImage") || image?.text("image") || row.text("imageRef"),
    state: row.text("state"),
    pod_uid: row.object("labels")?.text("io.kubernetes.pod.uid") ?? null,
    raw: row.raw,
  };
}
