/**
 * `tracer.yaml` as the C header its tracer includes: parameters with their bounds, variants with what they need,
 * the records and the schema line's part about them. What the app shows and what the binary checks is one text.
 */
import type { Feature, TracerField, TracerManifest, TracerParam } from "../../electron/core/trace/manifest.ts";

/** A C string literal; every byte that is not plain ASCII is escaped in octal, which cannot run into what follows. */
function literal(text: string): string {
  const bytes = [...Buffer.from(text, "utf8")];
  const plain = (byte: number) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c && byte !== 0x3f;
  const escaped = (byte: number) => `\\${byte.toString(8).padStart(3, "0")}`;
  return `"${bytes.map((byte) => (plain(byte) ? String.fromCharCode(byte) : escaped(byte))).join("")}"`;
}

const features = (needs: readonly Feature[]) =>
  needs.length === 0 ? "0" : needs.map((name) => `1u << FEATURE_${name}`).join(" | ");

function paramOf(tracer: string, param: TracerParam): string {
  const members = [
    `.name = ${literal(param.name)}`,
    `.type = PARAM_${param.type.toUpperCase()}`,
    ...(param.default === undefined ? [] : [`.fallback = ${literal(param.default)}`]),
    ...(param.required ? [".required = true"] : []),
    ...(param.min === undefined ? [] : [".has_min = true", `.min = ${param.min}`]),
    ...(param.max === undefined ? [] : [".has_max = true", `.max = ${param.max}`]),
    ...(param.max_length === undefined ? [] : [`.max_length = ${param.max_length}`]),
    ...(param.values === undefined ? [] : [`.values = ${tracer}_values_of_${param.name}`]),
  ];
  return `\t{ ${members.join(", ")} },`;
}

const fieldOf = ({ name, type, unit, key }: TracerField) => ({
  name,
  type,
  ...(unit ? { unit } : {}),
  ...(key ? { key: true } : {}),
});

/** The text of `<name>.meta.h`. */
export function metaHeader(manifest: TracerManifest): string {
  const { name } = manifest;
  const records = Object.entries(manifest.records);
  const json = Object.fromEntries(
    records.map(([record, { kind, fields }]) => [record, { kind, fields: fields.map(fieldOf) }]),
  );
  const enums = manifest.params.filter(({ values }) => values !== undefined);
  return `/* Made from tracer.yaml by the build. */
#ifndef BPFDESK_${name.toUpperCase()}_META_H
#define BPFDESK_${name.toUpperCase()}_META_H

#include "tracer.h"

enum ${name}_record {
${records.map(([record]) => `\t${name.toUpperCase()}_${record.toUpperCase()},`).join("\n")}
\t${name.toUpperCase()}_RECORDS,
};

static const struct record_meta ${name}_records[] = {
${records.map(([record, { kind }]) => `\t{ ${literal(record)}, RECORD_${kind.toUpperCase()} },`).join("\n")}
};

${enums
  .map(
    (param) =>
      `static const char *const ${name}_values_of_${param.name}[] = { ${[...(param.values ?? []).map(literal), "NULL"].join(", ")} };\n`,
  )
  .join("")}
static const struct param_meta ${name}_params[] = {
${manifest.params.map((param) => paramOf(name, param)).join("\n")}
\t{ 0 },
};

static const struct variant_meta ${name}_variants[] = {
${manifest.variants.map((one) => `\t{ ${literal(one.id)}, ${literal(one.proves)}, ${features(one.needs)} },`).join("\n")}
};

static const struct tracer_meta ${name}_meta = {
\t.name = ${literal(name)},
\t.title = ${literal(manifest.title)},
\t.question = ${literal(manifest.question)},
\t.needs = ${features(manifest.needs)},
\t.variants = ${name}_variants,
\t.variant_count = ${manifest.variants.length},
\t.params = ${name}_params,
\t.param_count = ${manifest.params.length},
\t.records = ${name}_records,
\t.record_count = ${records.length},
\t.records_json = ${literal(JSON.stringify(json))},
};

#endif
`;
}
