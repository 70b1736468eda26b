/**
 * What a closing page still has to write. IndexedDB may not finish while a page goes away; localStorage does, so the
 * unsaved end of every running answer goes there and is fetched when the page is opened again.
 */
const JOURNAL = "qingmo.journal";

export interface JournalEntry {
  conversation: string;
  message: string;
  text: string;
}

export function writeJournal(entries: JournalEntry[]): void {
  if (entries.length > 0) localStorage.setItem(JOURNAL, JSON.stringify([...readJournal(), ...entries]));
}

export function takeJournal(): JournalEntry[] {
  const entries = readJournal();
  localStorage.removeItem(JOURNAL);
  return entries;
}

function readJournal(): JournalEntry[] {
  return JSON.parse(localStorage.getItem(JOURNAL) ?? "[]");
}
