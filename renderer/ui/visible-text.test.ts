import { expect, it } from "vitest";
import { visibleParts, visibleText } from "./visible-text.ts";

it("leaves ordinary names of any script alone", () => {
  expect(visibleParts("cil_from_container")).toEqual([{ text: "cil_from_container", unsafe: null }]);
  expect(visibleText("größe 名前 😀")).toBe("größe 名前 😀");
});

it("shows an escape sequence instead of letting it colour or clear anything", () => {
  expect(visibleParts("a\u001b[2Jb")).toEqual([
    { text: "a", unsafe: null },
    { text: "␛", unsafe: "U+001B" },
    { text: "[2Jb", unsafe: null },
  ]);
});

it("shows characters that reorder or hide text by their code point", () => {
  expect(visibleText("a\u202Eb\u200Bc\u0085")).toBe("a‹U+202E›b‹U+200B›c‹U+0085›");
  expect(visibleText("\uD800x")).toBe("‹U+D800›x");
});

it("keeps line feeds and tabs only where a block of output is shown", () => {
  expect(visibleText("a\n\tb\r", true)).toBe("a\n\tb␍");
  expect(visibleText("a\n\tb")).toBe("a␊␉b");
});
