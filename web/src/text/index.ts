import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { en, type Text } from "./en";
import { zh } from "./zh";

export type Language = "en" | "zh";
export type { Text };

export const TEXTS: Record<Language, Text> = { en, zh };

export const TextContext = createContext<Text>(en);
export const useText = () => useContext(TextContext);

/** The first language of the browser that the page speaks. */
export function languageOf(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    if (/^zh\b/i.test(tag)) return "zh";
    if (/^en\b/i.test(tag)) return "en";
  }
  return "en";
}
