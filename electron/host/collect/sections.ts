/**
 * Reads the collector's sections from `resources/collect`. A bad file stops the start, with its name and the
 * path of the bad field, rather than leaving a hole in every picture.
 */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { type Section, sectionSchema } from "../../core/collect/section.ts";
import type { SectionInfo } from "../../shared/contract.ts";

/**
 * All sections, in the order they run.
 * Throws an Error that names file and field when a file is not a section, and when two share an id.
 */
export async function loadSections(resourcesDir: string): Promise<Section[]> {
  const folder = path.join(resourcesDir, "collect");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".yaml")).sort();
  if (files.length === 0) throw new Error(`${folder}: no collector sections`);
  const sections = await Promise.all(files.map((file) => loadSection(path.join(folder, file))));
  return sections.sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
}

async function loadSection(file: string): Promise<Section> {
  const text = await readFile(file, "utf8");
  let data: unknown;
  try {
    data = parse(text);
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const result = sectionSchema.safeParse(data);
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `at ${issue.path.join(".") || "top"}: ${issue.message}`);
    throw new Error(`${file}: ${problems.join("; ")}`);
  }
  const expected = path.basename(file, ".yaml");
  if (result.data.id !== expected) throw new Error(`${file}: at id: expected ${expected}, got ${result.data.id}`);
  return result.data;
}

/** Sections as the page shows them ("what did you run on my node?"), one row a place it runs in. */
export function sectionInfo(sections: readonly Section[]): SectionInfo[] {
  return sections.flatMap((section) =>
    section.scope.map((scope) => ({
      id: section.id,
      title: section.title,
      why: section.why,
      command: section.command,
      scope,
      needs_root: section.needs_root,
      timeout_s: section.timeout_s,
      max_bytes: section.max_bytes,
    })),
  );
}
