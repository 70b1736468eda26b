import { useState } from "preact/hooks";
import type { Message } from "../chat/conversation";
import { useText } from "../text";
import { useParts } from "./context";
import { CopyButton } from "./copy_button";
import { GrowingField, isSendKey } from "./growing_field";
import { IconButton } from "./icon_button";
import { Versions } from "./versions";

export function Question({ message, versions }: { message: Message; versions: Message[] }) {
  const text = useText();
  const [editing, setEditing] = useState(false);
  if (editing) return <QuestionEditor message={message} onClose={() => setEditing(false)} />;
  return (
    <article class="question" aria-label={text.you}>
      <div class="bubble">{message.text}</div>
      <div class="actions">
        <Versions message={message} versions={versions} />
        <CopyButton text={message.text} />
        <IconButton icon="edit" label={text.edit} onClick={() => setEditing(true)} />
      </div>
    </article>
  );
}

function QuestionEditor({ message, onClose }: { message: Message; onClose: () => void }) {
  const text = useText();
  const { session } = useParts();
  const [draft, setDraft] = useState(message.text);
  const ask = () => {
    if (!draft.trim()) return;
    session.edit(message, draft.trim());
    onClose();
  };
  const onKey = (event: KeyboardEvent) => {
    if (isSendKey(event)) {
      event.preventDefault();
      ask();
    } else if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      onClose();
    }
  };
  return (
    <article class="question editing" aria-label={text.you}>
      <GrowingField label={text.editQuestion} value={draft} autofocus onInput={setDraft} onKeyDown={onKey} />
      <div class="editor-actions">
        <button type="button" class="plain-button" onClick={onClose}>
          {text.cancel}
        </button>
        <button type="button" class="main-button" disabled={!draft.trim()} onClick={ask}>
          {text.ask}
        </button>
      </div>
    </article>
  );
}
