import { useEffect, useRef, useState } from "preact/hooks";
import { useText } from "../text";
import { useParts } from "./context";
import { GrowingField, isSendKey } from "./growing_field";
import { IconButton } from "./icon_button";

const HAS_KEYBOARD = window.matchMedia("(hover: hover)").matches; // on a phone, focus would raise its keyboard

/** Where questions are written. A draft outlives a reload; `id` says whose it is. */
export function Composer({ id, writing }: { id: string; writing: boolean }) {
  const text = useText();
  const { session } = useParts();
  const [draft, setDraft] = useDraft(id);

  const area = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // What had the focus (an example, an editor) may be gone: the next question can be typed at once.
    if (HAS_KEYBOARD && document.activeElement === document.body) area.current!.querySelector("textarea")!.focus();
  }, [writing]);

  const send = () => {
    if (writing || !draft.trim()) return;
    setDraft("");
    session.ask(draft.trim());
  };
  const onKey = (event: KeyboardEvent) => {
    if (!isSendKey(event)) return;
    event.preventDefault();
    send();
  };
  return (
    <div class="composer-area" ref={area}>
      <div class="composer">
        <GrowingField
          label={text.message}
          placeholder={text.placeholder}
          value={draft}
          autofocus={HAS_KEYBOARD}
          onInput={setDraft}
          onKeyDown={onKey}
        />
        {writing ? (
          <button type="button" class="round-button stop" title={text.stop} aria-label={text.stop} onClick={() => session.stop()}>
            <span class="stop-square" />
          </button>
        ) : (
          <IconButton class="round-button" icon="send" label={text.send} disabled={!draft.trim()} onClick={send} />
        )}
      </div>
      <p class="hint">{text.hint}</p>
    </div>
  );
}

const draftKey = (id: string) => `qingmo.draft.${id}`;

function useDraft(id: string): [string, (draft: string) => void] {
  const [draft, setDraft] = useState(() => sessionStorage.getItem(draftKey(id)) ?? "");
  const keep = (value: string) => {
    setDraft(value);
    if (value) sessionStorage.setItem(draftKey(id), value);
    else sessionStorage.removeItem(draftKey(id));
  };
  return [draft, keep];
}
