import { expect, test } from "vitest";
import { ADVANCED_FIELDS, MAIN_FIELDS, numberFrom, parametersOf, withSetting } from "../src/chat/settings";

const fields = Object.fromEntries([...MAIN_FIELDS, ...ADVANCED_FIELDS].map((field) => [field.name, field]));

test("a typed number is held within its bounds", () => {
  expect(numberFrom("0.35", fields["temperature"]!)).toBe(0.35);
  expect(numberFrom("9", fields["temperature"]!)).toBe(2);
  expect(numberFrom("-1", fields["top_k"]!)).toBe(0);
  expect(numberFrom("2.6", fields["top_k"]!)).toBe(3);
});

test("what is no number means the default", () => {
  for (const typed of ["", " ", "abc", "1e999", "NaN"]) expect(numberFrom(typed, fields["top_p"]!)).toBeUndefined();
});

test("zero is a setting; nothing is none", () => {
  expect(withSetting({}, "temperature", 0)).toEqual({ temperature: 0 });
  expect(withSetting({ temperature: 1, top_k: 3 }, "temperature", undefined)).toEqual({ top_k: 3 });
  expect(withSetting({ system: "x" }, "system", "")).toEqual({});
});

test("a request gets the numbers alone", () => {
  expect(parametersOf({ temperature: 0.5, seed: 7, stream: false, system: "x" })).toEqual({ temperature: 0.5, seed: 7 });
});
