import { expect, it } from "vitest";
import { markdownCode, markdownText } from "./markdown.ts";

it("leaves words of a node as they are where they mean nothing", () => {
  expect(markdownText("cil_to_container (id 7), pref 1: 10.0.0.1:53 -> pod")).toBe(
    "cil_to_container (id 7), pref 1: 10.0.0.1:53 -\\> pod",
  );
});

it.each([
  ["a heading", "# root", "\\# root"],
  ["an item", "- x", "\\- x"],
  ["a numbered item", "1. x", "1\\. x"],
  ["a rule under a line", "===", "\\==="],
  ["a link", "[x](http://evil)", "\\[x\\](http\\://evil)"],
  ["an image", "![x](y)", "!\\[x\\](y)"],
  ["HTML", "<img src=x onerror=y>", "\\<img src=x onerror=y\\>"],
  ["an entity", "&lt;", "\\&lt;"],
  ["a cell", "a | b", "a \\| b"],
  ["code", "`x`", "\\`x\\`"],
  ["emphasis", "**x** _y_", "\\*\\*x\\*\\* \\_y\\_"],
  ["a mention", "me@example.com", "me\\@example.com"],
  ["a link by itself", "www.evil.example", "www\\.evil.example"],
  ["an escape", "\\*x", "\\\\\\*x"],
])("shows %s instead of obeying it", (_, text, shown) => {
  expect(markdownText(text)).toBe(shown);
});

it("keeps a text in its line, and shows what would be hidden", () => {
  expect(markdownText("a\n# b\r\u202ec\x1b[2J")).toBe("a␊\\# b␍‹U+202E›c␛\\[2J");
});

it("cannot be left from within by fences of the text itself", () => {
  expect(markdownCode("echo '```'\n````\n")).toBe("`````text\necho '```'\n````\n`````");
  expect(markdownCode("\x1b[2J")).toBe("```text\n␛[2J\n```");
});
