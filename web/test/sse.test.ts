import { expect, test } from "vitest";
import { SseParser } from "../src/server/sse";

const STREAM = ': queue 3\n\ndata: {"a":1}\n\ndata: first\r\ndata:second\r\n\r\nevent: x\nid: 7\ndata: [DONE]\n\n';
const ITEMS = [{ comment: "queue 3" }, { data: '{"a":1}' }, { data: "first\nsecond" }, { data: "[DONE]" }];

test("events and comments are told apart", () => {
  expect(new SseParser().push(STREAM)).toEqual(ITEMS);
});

test("a stream may be cut anywhere", () => {
  for (let cut = 0; cut <= STREAM.length; cut++) {
    const parser = new SseParser();
    expect([...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut))]).toEqual(ITEMS);
  }
});

test("an event counts once its empty line has come", () => {
  const parser = new SseParser();
  expect(parser.push("data: one\n")).toEqual([]);
  expect(parser.push("\n")).toEqual([{ data: "one" }]);
});
