import type { Conversation } from "./conversation";

/**
 * What a closing page still has to write. IndexedDB may not finish while a page goes away; localStorage does, so what is
 * not saved yet goes there, each conversation with its unsaved messages alone, and is fetched when the page opens again.
 */
const JOURNAL = "qingmo.unsaved";

/** Throws the browser's DOMException where localStorage cannot take as much. */
export function writeJournal(conversations: Conversation[]): void {
  if (conversations.length > 0) localStorage.setItem(JOURNAL, JSON.stringify([...readJournal(), ...conversations]));
}

export function takeJournal(): Conversation[] {
  const conversations = readJournal();
  localStorage.removeItem(JOURNAL);
  return conversations;
}

function readJournal(): Conversation[] {
  return JSON.parse(localStorage.getItem(JOURNAL) ?? "[]");
}
