import type { Stats } from "../server/client";
import type { Problem } from "../server/problem";
import { newId } from "./ids";
import type { Settings } from "./settings";

/** `writing` is also the state of an answer that a closed page left unfinished. */
export type MessageState = "writing" | "done" | "stopped" | "failed";

export interface Message {
  id: string;
  parent: string | null;
  role: "user" | "assistant";
  text: string;
  created: number;
  state: MessageState;
  /** Whether max_new_tokens or the context cut it off. */
  cut?: boolean;
  stats?: Stats;
  problem?: Problem;
}

/**
 * A tree of messages: an edited question or another answer is a sibling of the first one.
 * `chosen` says which child is shown below each message, with "" for the beginning.
 */
export interface Conversation {
  id: string;
  /** null until a person names it: it then goes by its first question. */
  title: string | null;
  created: number;
  updated: number;
  settings: Settings;
  messages: Record<string, Message>;
  chosen: Record<string, string>;
}

export function newConversation(now = Date.now()): Conversation {
  return { id: newId(), title: null, created: now, updated: now, settings: {}, messages: {}, chosen: {} };
}

export function newMessage(
  role: Message["role"],
  parent: string | null,
  text: string,
  state: MessageState,
  now = Date.now(),
): Message {
  return { id: newId(), parent, role, text, created: now, state };
}

/** The messages that are shown, from the first to the last. */
export function shownPath({ messages, chosen }: Conversation): Message[] {
  const path: Message[] = [];
  let next = messages[chosen[""] ?? ""];
  while (next) {
    path.push(next);
    next = messages[chosen[next.id] ?? ""];
  }
  return path;
}

/** The message and those that stand in its place in other branches, in the order they were made. */
export function siblings({ messages }: Conversation, { parent }: Message): Message[] {
  return Object.values(messages).filter((other) => other.parent === parent);
}

/** Adds a message below its parent and shows it. */
export function withMessage(conversation: Conversation, message: Message): Conversation {
  const messages = { ...conversation.messages, [message.id]: message };
  return choose({ ...conversation, messages, updated: message.created }, message);
}

export function choose(conversation: Conversation, { id, parent }: Message): Conversation {
  return { ...conversation, chosen: { ...conversation.chosen, [parent ?? ""]: id } };
}

export function withChange(conversation: Conversation, id: string, change: Partial<Message>): Conversation {
  const message = conversation.messages[id];
  if (!message) return conversation;
  return { ...conversation, messages: { ...conversation.messages, [id]: { ...message, ...change } } };
}

/** The conversation with those of its messages that differ from `saved`, or null where none does. */
export function unsavedPart(conversation: Conversation, saved: Conversation | undefined): Conversation | null {
  const differing = Object.entries(conversation.messages).filter(([id, message]) => saved?.messages[id] !== message);
  return differing.length > 0 ? { ...conversation, messages: Object.fromEntries(differing) } : null;
}

/** What was saved, with the messages of an unsaved part that it lacks, has shorter, or does not know the end of. */
export function withUnsavedPart(saved: Conversation | undefined, part: Conversation): Conversation {
  const messages = { ...saved?.messages };
  for (const [id, message] of Object.entries(part.messages)) {
    const known = messages[id];
    const missing = known ? message.text.length - known.text.length : Infinity;
    if (missing > 0 || (missing === 0 && known?.state === "writing")) messages[id] = message;
  }
  return { ...(saved && saved.updated > part.updated ? saved : part), messages };
}

/** The messages above `id`, as a request carries them: an answer that never came is left out. */
export function promptFor(conversation: Conversation, id: string): { role: "user" | "assistant"; content: string }[] {
  const prompt = [];
  let message = conversation.messages[conversation.messages[id]?.parent ?? ""];
  while (message) {
    if (message.text !== "") prompt.unshift({ role: message.role, content: message.text });
    message = conversation.messages[message.parent ?? ""];
  }
  return prompt;
}

const TITLE_LENGTH = 60;

/** Its name: the given one, or the beginning of the first question shown; "" where there is neither. */
export function titleOf(conversation: Conversation): string {
  if (conversation.title !== null) return conversation.title;
  const question = shownPath(conversation)[0]?.text.trim().replace(/\s+/g, " ") ?? "";
  const characters = Array.from(question);
  return characters.length > TITLE_LENGTH ? `${characters.slice(0, TITLE_LENGTH).join("")}…` : question;
}

/** Whether every word of `query` occurs in the title or in a message, without regard to case. */
export function matches(conversation: Conversation, query: string): boolean {
  const texts = [titleOf(conversation), ...Object.values(conversation.messages).map(({ text }) => text)];
  const whole = texts.join("\n").toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => whole.includes(word));
}
