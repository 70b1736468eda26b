import { expect, test } from "vitest";
import {
  choose,
  type Conversation,
  matches,
  type Message,
  newConversation,
  newMessage,
  promptFor,
  shownPath,
  siblings,
  titleOf,
  unsavedPart,
  withChange,
  withMessage,
  withUnsavedPart,
} from "../src/chat/conversation";

/** One question and answer below `parent`. */
function exchange(conversation: Conversation, parent: Message | null, question: string, answer: string) {
  const asked = newMessage("user", parent?.id ?? null, question, "done");
  const answered = newMessage("assistant", asked.id, answer, "done");
  return { asked, answered, conversation: withMessage(withMessage(conversation, asked), answered) };
}

const texts = (conversation: Conversation) => shownPath(conversation).map(({ text }) => text);

test("an edited question begins a branch, and the first one can be shown again with all that followed", () => {
  const first = exchange(newConversation(), null, "one", "1");
  const second = exchange(first.conversation, first.answered, "two", "2");
  const edited = exchange(second.conversation, null, "uno", "I");
  expect(texts(edited.conversation)).toEqual(["uno", "I"]);
  expect(siblings(edited.conversation, edited.asked).map(({ text }) => text)).toEqual(["one", "uno"]);
  expect(texts(choose(edited.conversation, first.asked))).toEqual(["one", "1", "two", "2"]);
});

test("a request carries the branch above the answer and nothing else", () => {
  const first = exchange(newConversation(), null, "one", "1");
  const edited = exchange(first.conversation, null, "uno", "I");
  const next = exchange(edited.conversation, edited.answered, "due", "");
  expect(promptFor(next.conversation, next.answered.id)).toEqual([
    { role: "user", content: "uno" },
    { role: "assistant", content: "I" },
    { role: "user", content: "due" },
  ]);
});

test("an answer that never came is left out of later requests", () => {
  const first = exchange(newConversation(), null, "one", "");
  const second = exchange(first.conversation, first.answered, "two", "2");
  expect(promptFor(second.conversation, second.answered.id).map(({ content }) => content)).toEqual(["one", "two"]);
});

test("nothing is changed in place", () => {
  const { conversation, answered } = exchange(newConversation(), null, "one", "1");
  const before = structuredClone(conversation);
  withChange(conversation, answered.id, { text: "2" });
  choose(conversation, newMessage("user", null, "x", "done"));
  expect(conversation).toEqual(before);
});

test("a conversation goes by its first question, in one line and not cut through a character, until it is named", () => {
  const { conversation } = exchange(newConversation(), null, `  a\n b ${"🌒".repeat(100)}`, "");
  expect(titleOf(conversation)).toBe(`a b ${"🌒".repeat(56)}…`);
  expect(titleOf({ ...conversation, title: "Moons" })).toBe("Moons");
  expect(titleOf(newConversation())).toBe("");
});

test("a search finds all its words anywhere, in other branches too, in any case", () => {
  const first = exchange(newConversation(), null, "Where is the Moon?", "In the sky.");
  const { conversation } = exchange(first.conversation, null, "月亮在哪里", "");
  expect(matches(conversation, "SKY moon")).toBe(true);
  expect(matches(conversation, "月亮")).toBe(true);
  expect(matches(conversation, "moon river")).toBe(false);
});

test("the unsaved part of a conversation holds the messages that the saved one lacks or has otherwise", () => {
  const { asked, answered, conversation } = exchange(newConversation(), null, "one", "1");
  const grown = withChange(conversation, answered.id, { text: "1, and more" });
  expect(unsavedPart(conversation, conversation)).toBeNull();
  expect(Object.keys(unsavedPart(grown, conversation)!.messages)).toEqual([answered.id]);
  expect(Object.keys(unsavedPart(grown, undefined)!.messages)).toEqual([asked.id, answered.id]);
});

test("a saved conversation gets back its unsaved part, and keeps what was saved later", () => {
  const question = withMessage(newConversation(), newMessage("user", null, "one", "done"));
  const whole = withMessage(question, newMessage("assistant", shownPath(question)[0]!.id, "1", "writing"));
  expect(withUnsavedPart(question, unsavedPart(whole, question)!)).toEqual(whole);
  expect(withUnsavedPart(undefined, unsavedPart(whole, undefined)!)).toEqual(whole);
  const longer = withChange(whole, shownPath(whole)[1]!.id, { text: "1, and more" });
  expect(withUnsavedPart(longer, unsavedPart(whole, undefined)!)).toEqual(longer);
  const ended = withChange(whole, shownPath(whole)[1]!.id, { state: "done" });
  expect(withUnsavedPart(whole, unsavedPart(ended, whole)!)).toEqual(ended);
  expect(withUnsavedPart(ended, unsavedPart(whole, undefined)!)).toEqual(ended);
});
