import { useEffect, useState } from "preact/hooks";
import { shownPath, titleOf } from "../chat/conversation";
import { TEXTS, TextContext } from "../text";
import { Composer } from "./composer";
import { useParts } from "./context";
import { DemoBanner } from "./demo_banner";
import { useKeys, useObservable } from "./hooks";
import { IconButton } from "./icon_button";
import { useLanguage, useTheme } from "./preferences";
import { ProblemCard } from "./problem_card";
import { SettingsPanel } from "./settings_panel";
import { Sidebar } from "./sidebar";
import { Transcript } from "./transcript";
import { useAddress } from "./use_address";
import { Welcome } from "./welcome";

const WIDE = window.matchMedia("(min-width: 60rem)");

export function App() {
  const { session, connection } = useParts();
  const { conversations, current, live, kept } = useObservable(session);
  const { model, problem } = useObservable(connection);
  const [language, setLanguage] = useLanguage();
  const [theme, setTheme] = useTheme();
  const [listOpen, setListOpen] = useState(WIDE.matches);
  const [settingsOpen, setSettingsOpen] = useState(false);
  const text = TEXTS[language];

  const path = shownPath(current);
  const title = titleOf(current);
  const writing = path.some(({ id }) => live.has(id));
  const closeListOnPhone = () => WIDE.matches || setListOpen(false);
  const toggleSettings = () => setSettingsOpen(!settingsOpen);

  useAddress(session, current.id, path.length > 0);
  useEffect(() => {
    document.title = title ? `${title} · ${text.appName}` : "Qingmo 轻模";
  }, [title, text]);
  useKeys((event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    if (writing) session.stop();
    else if (settingsOpen) setSettingsOpen(false);
    else closeListOnPhone();
  });

  return (
    <TextContext.Provider value={text}>
      <div class={`frame ${listOpen ? "with-list" : ""} ${settingsOpen ? "with-settings" : ""}`}>
        {listOpen && (
          <Sidebar
            conversations={conversations}
            current={current.id}
            kept={kept}
            language={language}
            theme={theme}
            onLanguage={setLanguage}
            onTheme={setTheme}
            onClose={() => setListOpen(false)}
            onChoice={closeListOnPhone}
          />
        )}
        <main class="chat">
          <header class="bar">
            <div class="bar-side">
              {!listOpen && <IconButton icon="list" label={text.openList} onClick={() => setListOpen(true)} />}
              {!listOpen && <IconButton icon="plus" label={text.newChat} onClick={() => session.begin()} />}
            </div>
            <div class="bar-title">
              <h1>{title || text.newChat}</h1>
              {model && <p class="model-name">{model.id}</p>}
            </div>
            <div class="bar-side bar-end">
              <IconButton icon="gear" label={text.settings} expanded={settingsOpen} onClick={toggleSettings} />
            </div>
          </header>
          {model?.demo && <DemoBanner />}
          {path.length > 0 ? <Transcript key={current.id} conversation={current} live={live} /> : <Welcome />}
          <footer class="dock">
            {problem && <ProblemCard problem={problem} />}
            <Composer key={current.id} id={path.length > 0 ? current.id : "new"} writing={writing} />
          </footer>
        </main>
        {settingsOpen && <SettingsPanel settings={current.settings} model={model} onClose={toggleSettings} />}
      </div>
    </TextContext.Provider>
  );
}
