import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Conversation, titleOf } from "../chat/conversation";
import { toJson, toMarkdown } from "../chat/exchange";
import { useText } from "../text";
import { useParts } from "./context";
import { download, fileName } from "./files";
import { IconButton } from "./icon_button";

interface ItemProps {
  conversation: Conversation;
  isCurrent: boolean;
  onOpen: () => void;
  onRemove: () => void;
}

export function ConversationItem({ conversation, isCurrent, onOpen, onRemove }: ItemProps) {
  const text = useText();
  const [menuOpen, setMenuOpen] = useState(false);
  const [renaming, setRenaming] = useState(false);
  const item = useRef<HTMLLIElement>(null);
  const title = titleOf(conversation) || text.untitled;

  useLayoutEffect(() => {
    if (!menuOpen) return;
    placeMenu(item.current!);
    item.current!.querySelector<HTMLElement>(".menu button")?.focus();
    const closeOutside = ({ target }: Event) => item.current!.contains(target as Node) || setMenuOpen(false);
    document.addEventListener("pointerdown", closeOutside);
    return () => document.removeEventListener("pointerdown", closeOutside);
  }, [menuOpen]);

  const actions: [string, () => void][] = [
    [text.rename, () => setRenaming(true)],
    [text.exportMarkdown, () => download(fileName(title, "md"), toMarkdown(conversation), "text/markdown")],
    [text.exportJson, () => download(fileName(title, "json"), toJson([conversation]), "application/json")],
    [text.delete, onRemove],
  ];
  const closeOnEscape = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !menuOpen) return;
    event.stopPropagation();
    setMenuOpen(false);
    item.current!.querySelector<HTMLElement>(".icon-button")?.focus();
  };

  if (renaming) return <RenameField conversation={conversation} title={title} onDone={() => setRenaming(false)} />;
  return (
    <li class={`conversation ${isCurrent ? "is-current" : ""}`} ref={item} onKeyDown={closeOnEscape}>
      <button type="button" class="conversation-title" aria-current={isCurrent ? "page" : undefined} onClick={onOpen}>
        {title}
      </button>
      <IconButton icon="dots" label={text.more(title)} expanded={menuOpen} onClick={() => setMenuOpen(!menuOpen)} />
      {menuOpen && (
        <div class="menu">
          {actions.map(([label, run]) => (
            <button
              key={label}
              type="button"
              onClick={() => {
                setMenuOpen(false);
                run();
              }}
            >
              {label}
            </button>
          ))}
        </div>
      )}
    </li>
  );
}

/** Below the button that opened it, or above where there is no room. */
function placeMenu(item: HTMLElement): void {
  const menu = item.querySelector<HTMLElement>(".menu")!;
  const { top, bottom, right } = item.getBoundingClientRect();
  const fits = bottom + menu.offsetHeight < window.innerHeight;
  menu.style.top = `${fits ? bottom : top - menu.offsetHeight}px`;
  menu.style.left = `${right - menu.offsetWidth}px`;
}

function RenameField({ conversation, title, onDone }: { conversation: Conversation; title: string; onDone: () => void }) {
  const { newName } = useText();
  const { session } = useParts();
  const field = useRef<HTMLInputElement>(null);
  const finished = useRef(false); // the field also loses the focus when it is taken away
  useEffect(() => field.current!.select(), []);
  const finish = (keep: boolean) => {
    if (finished.current) return;
    finished.current = true;
    if (keep) session.rename(conversation.id, field.current!.value);
    onDone();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === "Escape") event.stopPropagation();
    if (event.key === "Enter" || event.key === "Escape") finish(event.key === "Enter");
  };
  return (
    <li class="conversation">
      <input
        ref={field}
        class="rename"
        aria-label={newName}
        defaultValue={title}
        onKeyDown={onKey}
        onBlur={() => finish(true)}
      />
    </li>
  );
}
