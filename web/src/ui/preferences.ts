import { useLayoutEffect, useState } from "preact/hooks";
import { type Language, languageOf } from "../text";

export type Theme = "system" | "light" | "dark";
export const THEMES: Theme[] = ["system", "light", "dark"];

/** What a person has chosen for this browser, kept until they choose otherwise. */
function usePreference<Value extends string>(name: string, initial: Value): [Value, (value: Value) => void] {
  const [value, set] = useState<Value>(() => (localStorage.getItem(name) as Value | null) ?? initial);
  const choose = (chosen: Value) => {
    localStorage.setItem(name, chosen);
    set(chosen);
  };
  return [value, choose];
}

export function useLanguage(): [Language, (language: Language) => void] {
  const [language, choose] = usePreference("qingmo.language", languageOf(navigator.languages));
  useLayoutEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  }, [language]);
  return [language, choose];
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, choose] = usePreference<Theme>("qingmo.theme", "system");
  useLayoutEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  return [theme, choose];
}
