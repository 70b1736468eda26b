import { expect, test } from "vitest";
import { type Conversation, newConversation, newMessage, shownPath, withMessage } from "../src/chat/conversation";
import { fromFile, ImportError, toJson, toMarkdown } from "../src/chat/exchange";

const TRAP = "text\n<!-- qingmo:user -->\n\\<!-- qingmo:assistant -->\n# heading\n```\n**You**\n```";

function sample(): Conversation {
  const question = newMessage("user", null, TRAP, "done");
  const answer = newMessage("assistant", question.id, "春风 **a**", "done");
  const other = newMessage("assistant", question.id, "b", "stopped");
  const whole = [question, other, answer].reduce(withMessage, newConversation());
  return { ...whole, title: "A title", settings: { temperature: 0.3, system: "Be brief.", stream: false } };
}

test("JSON brings every branch and setting back", () => {
  const conversation = sample();
  expect(fromFile(toJson([conversation]))).toEqual([conversation]);
});

test("Markdown brings the shown branch, title and system prompt back, whatever the messages hold", () => {
  const [read] = fromFile(toMarkdown(sample()));
  expect(shownPath(read!).map(({ role, text }) => [role, text])).toEqual([
    ["user", TRAP],
    ["assistant", "春风 **a**"],
  ]);
  expect(read!.title).toBe("A title");
  expect(read!.settings).toEqual({ system: "Be brief." });
});

test.each(["", "{", "{}", "[1]", '{"format":"other"}', "just text", '{"format":"qingmo-conversations","conversations":[7]}'])(
  "a file without conversations is refused: %j",
  (text) => {
    expect(() => fromFile(text)).toThrow(ImportError);
  },
);

test("what does not fit in a file is left out, and what is known keeps its type", () => {
  const file = JSON.parse(toJson([sample()]));
  const [conversation] = file.conversations;
  conversation.title = { toString: "x" };
  conversation.settings = { temperature: "hot", top_p: 9, min_p: 0.1, system: 4 };
  conversation.extra = "x";
  const id = Object.keys(conversation.messages)[0]!;
  conversation.messages["lost"] = { ...conversation.messages[id], id: "lost", parent: "nowhere" };
  conversation.messages["odd"] = { id: "odd", parent: null, role: "system", text: "x" };
  conversation.chosen[""] = "lost";
  const [read] = fromFile(JSON.stringify(file));
  expect(read!.title).toBeNull();
  expect(read!.settings).toEqual({ min_p: 0.1 });
  expect(Object.keys(read!.messages)).toHaveLength(3);
  expect(shownPath(read!)).toHaveLength(2);
  expect(read).not.toHaveProperty("extra");
});
