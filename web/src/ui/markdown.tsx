import { useLayoutEffect, useRef } from "preact/hooks";
import { MarkdownView } from "../markdown/view";
import { useText } from "../text";
import { copyText } from "./clipboard";

const SHOWN_MS = 1600;

export function Markdown({ text, growing }: { text: string; growing: boolean }) {
  const { copyCode, copied } = useText();
  const element = useRef<HTMLDivElement>(null);
  const view = useRef<MarkdownView | null>(null);
  useLayoutEffect(() => {
    view.current = new MarkdownView(element.current!, copyCode);
  }, [copyCode]);
  useLayoutEffect(() => view.current!.show(text), [text, copyCode]);

  const copyBlock = ({ target }: Event) => {
    const button = (target as Element).closest<HTMLElement>(".code-copy");
    const code = button?.closest(".code-frame")?.querySelector("pre");
    if (!button || !code) return;
    void copyText(code.textContent ?? "").then(() => {
      button.textContent = copied;
      setTimeout(() => (button.textContent = copyCode), SHOWN_MS);
    });
  };
  return <div class={`markdown ${growing ? "growing" : ""}`} ref={element} onClick={copyBlock} />;
}
