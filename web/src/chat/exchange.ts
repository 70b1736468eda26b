import { type Conversation, type Message, newConversation, newMessage, shownPath, titleOf, withMessage } from "./conversation";
import { settingsFrom } from "./settings";

const FORMAT = "qingmo-conversations";
const VERSION = 1;

/** Everything, all branches and settings: what an import gives back unchanged. */
export function toJson(conversations: Conversation[]): string {
  return JSON.stringify({ format: FORMAT, version: VERSION, conversations }, null, 2);
}

/**
 * The branch that is shown, to be read by people and by `fromMarkdown`. A comment before each message says whose it
 * is; a line of a message that looks like such a comment gets a backslash in front.
 */
export function toMarkdown(conversation: Conversation): string {
  const parts = [`# ${titleOf(conversation)}`];
  if (conversation.settings.system) parts.push(markdownPart("system", conversation.settings.system));
  for (const { role, text } of shownPath(conversation)) parts.push(markdownPart(role, text));
  return `${parts.join("\n\n")}\n`;
}

const HEADINGS = { system: "System", user: "You", assistant: "Qingmo" };
type Part = keyof typeof HEADINGS;

const markdownPart = (part: Part, text: string) =>
  `<!-- qingmo:${part} -->\n**${HEADINGS[part]}**\n\n${text.replace(/^(\\*<!-- qingmo:)/gm, "\\$1")}`;

/** Thrown when a file holds no conversations. */
export class ImportError extends Error {}

/** The conversations of an exported file, JSON or Markdown. Throws ImportError. */
export function fromFile(text: string): Conversation[] {
  const found = text.trimStart().startsWith("{") ? fromJson(text) : fromMarkdown(text);
  if (found.length === 0) throw new ImportError("no conversation in this file");
  return found;
}

function fromJson(text: string): Conversation[] {
  let file: { format?: unknown; conversations?: unknown };
  try {
    file = JSON.parse(text);
  } catch (error) {
    throw new ImportError((error as Error).message);
  }
  if (file.format !== FORMAT || !Array.isArray(file.conversations)) throw new ImportError(`not a ${FORMAT} file`);
  return file.conversations.map(checkedConversation).filter((conversation) => conversation !== null);
}

/** A conversation of a file that anybody may have written: only fields we know, of the types we know. */
function checkedConversation(value: unknown): Conversation | null {
  const given = record(value);
  const messages: Record<string, Message> = {};
  for (const entry of Object.values(record(given["messages"]))) {
    const message = checkedMessage(record(entry));
    if (message && (message.parent === null || message.parent in messages)) messages[message.id] = message;
  }
  if (typeof given["id"] !== "string" || Object.keys(messages).length === 0) return null;
  const blank = newConversation();
  return {
    id: given["id"],
    title: typeof given["title"] === "string" ? given["title"] : null,
    created: time(given["created"], blank.created),
    updated: time(given["updated"], blank.updated),
    settings: settingsFrom(given["settings"]),
    messages,
    chosen: checkedChoice(record(given["chosen"]), messages),
  };
}

function checkedMessage(given: Record<string, unknown>): Message | null {
  const { id, parent, role, text, created } = given;
  if (typeof id !== "string" || id === "" || typeof text !== "string") return null;
  if ((role !== "user" && role !== "assistant") || (parent !== null && typeof parent !== "string")) return null;
  return { id, parent, role, text, created: time(created, 0), state: given["state"] === "stopped" ? "stopped" : "done" };
}

function checkedChoice(given: Record<string, unknown>, messages: Record<string, Message>): Record<string, string> {
  const chosen: Record<string, string> = {};
  for (const message of Object.values(messages)) {
    const parent = message.parent ?? "";
    chosen[parent] ??= message.id;
    if (given[parent] === message.id) chosen[parent] = message.id;
  }
  return chosen;
}

function fromMarkdown(text: string): Conversation[] {
  const [head = "", ...parts] = text.replace(/\r\n/g, "\n").split(/^<!-- qingmo:(system|user|assistant) -->$/m);
  let conversation = newConversation();
  conversation.title = /^# (.+)$/m.exec(head)?.[1] ?? null;
  let parent: string | null = null;
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const part = parts[at] as Part;
    const body = parts[at + 1]!.replace(/^\s*\*\*\w+\*\*\n+/, "").trim();
    const plain = body.replace(/^\\(\\*<!-- qingmo:)/gm, "$1");
    if (part === "system") {
      conversation.settings = { system: plain };
      continue;
    }
    const message: Message = newMessage(part, parent, plain, "done");
    conversation = withMessage(conversation, message);
    parent = message.id;
  }
  return parent === null ? [] : [conversation];
}

const record = (value: unknown) =>
  (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;

const time = (value: unknown, otherwise: number) => (Number.isFinite(value) ? (value as number) : otherwise);
