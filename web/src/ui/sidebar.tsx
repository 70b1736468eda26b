import { useState } from "preact/hooks";
import { type Conversation, matches, titleOf } from "../chat/conversation";
import { toJson } from "../chat/exchange";
import { type Language, useText } from "../text";
import { useParts } from "./context";
import { ConversationItem } from "./conversation_item";
import { download } from "./files";
import { IconButton } from "./icon_button";
import { Icon, Mark } from "./icons";
import { ImportButton } from "./import_button";
import { type Theme, THEMES } from "./preferences";
import { Toast, type ToastMessage } from "./toast";

interface SidebarProps {
  conversations: Conversation[];
  current: string;
  kept: boolean;
  language: Language;
  theme: Theme;
  onLanguage: (language: Language) => void;
  onTheme: (theme: Theme) => void;
  onClose: () => void;
  /** Something was chosen: on a phone the list then makes way for it. */
  onChoice: () => void;
}

export function Sidebar({ conversations, current, kept, language, theme, ...on }: SidebarProps) {
  const text = useText();
  const { session } = useParts();
  const [query, setQuery] = useState("");
  const [toast, setToast] = useState<ToastMessage | null>(null);
  const found = query.trim() ? conversations.filter((conversation) => matches(conversation, query.trim())) : conversations;

  const begin = () => {
    session.begin();
    on.onChoice();
  };
  const remove = (conversation: Conversation) => {
    const undo = session.remove(conversation.id);
    setToast({ text: text.deleted(titleOf(conversation) || text.untitled), action: { label: text.undo, run: undo } });
  };
  const nextTheme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;

  return (
    <>
      <div class="scrim" onClick={on.onClose} />
      <nav class="sidebar" aria-label={text.conversations}>
        <div class="sidebar-top">
          <span class="brand">
            <Mark /> {text.appName}
          </span>
          <IconButton icon="close" label={text.closeList} onClick={on.onClose} />
        </div>
        <button type="button" class="new-chat" onClick={begin}>
          <Icon name="plus" /> {text.newChat}
        </button>
        <label class="search">
          <Icon name="search" />
          <input
            type="search"
            placeholder={text.search}
            aria-label={text.search}
            value={query}
            onInput={({ currentTarget }) => setQuery(currentTarget.value)}
          />
        </label>
        <ul class="conversations">
          {found.map((conversation) => (
            <ConversationItem
              key={conversation.id}
              conversation={conversation}
              isCurrent={conversation.id === current}
              onOpen={() => {
                session.open(conversation.id);
                on.onChoice();
              }}
              onRemove={() => remove(conversation)}
            />
          ))}
        </ul>
        {found.length === 0 && <p class="quiet list-note">{conversations.length ? text.nothingFound : text.noConversations}</p>}
        {!kept && <p class="list-note">{text.notKept}</p>}
        <div class="sidebar-end">
          <div class="sidebar-files">
            <ImportButton onResult={(result) => setToast({ text: result })} />
            <button
              type="button"
              class="text-button"
              disabled={conversations.length === 0}
              onClick={() => download("qingmo.json", toJson(conversations), "application/json")}
            >
              {text.exportAll}
            </button>
          </div>
          <IconButton icon={theme} label={text.theme[theme]} onClick={() => on.onTheme(nextTheme)} />
          <button
            type="button"
            class="icon-button language"
            lang={language === "zh" ? "en" : "zh-CN"}
            aria-label={text.switchLanguage}
            title={text.switchLanguage}
            onClick={() => on.onLanguage(language === "zh" ? "en" : "zh")}
          >
            {language === "zh" ? "EN" : "中"}
          </button>
        </div>
        {toast && <Toast message={toast} onClose={() => setToast(null)} />}
      </nav>
    </>
  );
}
