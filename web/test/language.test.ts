import { expect, test } from "vitest";
import { languageOf } from "../src/text";

test.each([
  [["zh-CN", "en"], "zh"],
  [["zh-Hant-TW"], "zh"],
  [["en-GB", "zh"], "en"],
  [["fr", "zh-CN", "en"], "zh"],
  [["fr"], "en"],
  [[], "en"],
])("a browser that prefers %j gets %s", (preferred, language) => {
  expect(languageOf(preferred)).toBe(language);
});
