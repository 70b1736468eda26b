import { expect, test } from "vitest";
import { problemOf, streamProblem } from "../src/server/problem";

const body = (code: string) => ({ error: { message: "because", code } });

test.each([
  [401, "invalid_api_key", "key"],
  [429, "queue_full", "full"],
  [503, "loading", "loading"],
  [503, "stopping", "gone"],
  [503, "failed", "gone"],
  [502, "", "gone"],
  [504, "", "gone"],
  [400, "context_length_exceeded", "long"],
  [400, "invalid_value", "refused"],
  [500, "engine_failed", "refused"],
])("status %i with code %s is the kind %s", (status, code, kind) => {
  expect(problemOf(status, body(code), null)).toMatchObject({ kind, message: "because" });
});

test("a full server says when to come back", () => {
  expect(problemOf(429, null, "12").retryAfter).toBe(12);
  expect(problemOf(429, null, null).retryAfter).toBeGreaterThan(0);
});

test("an answer without the expected shape still becomes a message", () => {
  for (const odd of [null, "text", { error: "text" }, { error: { message: 7 } }]) {
    expect(problemOf(418, odd, null)).toEqual({ kind: "refused", message: "HTTP 418" });
  }
});

test("an error within a stream tells a stopping server from another failure", () => {
  expect(streamProblem(body("stopping")).kind).toBe("gone");
  expect(streamProblem(body("engine_failed")).kind).toBe("refused");
});
