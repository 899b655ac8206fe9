/** `$name` in the texts of a team's runbook. */

export type Words = Readonly<Record<string, string>>;

const NAME = /\$(\$|[a-z][a-z0-9_]*)/g;

/** With each name's word in its place; `$$` is a dollar, a name that stands for nothing is empty. */
export function filled(template: string, words: Words): string {
  return template.replace(NAME, (_, name: string) => (name === "$" ? "$" : (own(words, name) ?? "")));
}

/** Names that a text uses. */
export function namesIn(template: string): string[] {
  return [...template.matchAll(NAME)].flatMap(([, name = "$"]) => (name === "$" ? [] : [name]));
}

const own = (words: Words, name: string) => (Object.hasOwn(words, name) ? words[name] : undefined);
