"""A model's answer runs nothing and loads nothing, whatever it says, at any moment of its being written."""

from __future__ import annotations

import json
from pathlib import Path

from chat_page import ChatPage
from conftest import OpenPage
from hostile_answers import COUNT, CUTS, hostile_answers
from playwright.sync_api import expect
from scripted_server import Play

NOTE_ATTACKS = "window.attacks = 0; window.attack = () => { window.attacks++ }; null"
# What is in an answer that ought not to be there: elements, attributes, addresses and classes beyond a short list.
FIND_FOREIGN = r"""() => {
  const elements = new Set(("a blockquote br code del div em h3 h4 h5 h6 hr kbd li ol p pre span strong sub sup " +
      "table tbody td th thead tr ul button").split(" "));
  const attributes = new Set("align class href start target rel tabindex type".split(" "));
  const foreign = [];
  for (const element of document.querySelectorAll(".markdown *")) {
    if (element.closest("math")) {
      for (const {name} of element.attributes)
        if (/^on|href|src|style|action|^id$/i.test(name)) foreign.push(`${name} in a formula`);
      continue;
    }
    if (!elements.has(element.localName)) foreign.push(element.localName);
    if (element.localName === "button" && element.className !== "code-copy") foreign.push("button");
    for (const {name, value} of element.attributes) {
      if (!attributes.has(name)) foreign.push(`${element.localName} ${name}=${value}`);
      if (name === "href" && !/^(https?|mailto):/i.test(value)) foreign.push(value);
    }
    if (element.localName === "a" && element.hasAttribute("href"))
      if (element.target !== "_blank" || !element.relList.contains("noopener")) foreign.push("a link in this window");
  }
  return foreign;
}"""


def conversation_of(answers: list[str]) -> str:
    """An exported file whose one conversation has these answers."""
    messages: dict[str, dict[str, object]] = {}
    parent = None
    for number, text in enumerate(["Question", *answers]):
        role = "assistant" if number else "user"
        messages[f"m{number}"] = {"id": f"m{number}", "parent": parent, "role": role, "text": text, "created": 0}
        parent = f"m{number}"
    conversation = {"id": "hostile", "title": None, "messages": messages}
    return json.dumps({"format": "qingmo-conversations", "version": 1, "conversations": [conversation]})


def test_a_thousand_hostile_answers_run_nothing_and_load_nothing(open_page: OpenPage, tmp_path: Path) -> None:
    """open_page checks at its end that nothing was asked from elsewhere and that no policy had to step in."""
    answers = hostile_answers()
    assert len(answers) >= 1000
    file = tmp_path / "hostile.json"
    file.write_text(conversation_of(answers))
    chat = open_page(viewport={"width": 1280, "height": 2000})
    chat.page.evaluate(NOTE_ATTACKS)
    chat.import_file(file)
    chat.conversations.click()
    expect(chat.answers).to_have_count(len(answers))
    chat.until("document.querySelectorAll('.math').length > 0")
    _provoke(chat)
    assert chat.page.evaluate(FIND_FOREIGN) == []
    assert chat.page.evaluate("window.attacks") == 0


def test_hostile_text_does_no_harm_while_it_is_streamed(chat: ChatPage, play: Play) -> None:
    chat.page.evaluate(NOTE_ATTACKS)
    chat.page.evaluate(  # looks at every state that is drawn
        f"""window.foreign = []; new MutationObserver(() => window.foreign.push(...({FIND_FOREIGN})()))
            .observe(document.body, {{childList: true, subtree: true}})"""
    )
    text = "\n\n".join(hostile_answers()[-CUTS:]) + "\n\n" + "\n".join(hostile_answers()[COUNT:-CUTS])
    play.pieces = [text[start : start + 7] for start in range(0, len(text), 7)]
    chat.ask("Tell me")
    _provoke(chat)
    assert chat.page.evaluate("window.foreign") == []
    assert chat.page.evaluate("window.attacks") == 0


def test_titles_and_questions_are_text(chat: ChatPage, play: Play) -> None:
    chat.page.evaluate(NOTE_ATTACKS)
    question = "<img src=x onerror=attack()><b>bold</b>"
    chat.ask(question)
    expect(chat.questions.locator(".bubble")).to_have_text(question)
    expect(chat.conversations).to_have_text(question)
    assert chat.page.evaluate("window.attacks") == 0


def test_a_remote_image_is_a_link_that_loads_nothing(chat: ChatPage, play: Play) -> None:
    play.pieces = ["![a cat](http://evil.test/cat.png) and [a page](https://example.test/)"]
    links = chat.ask("Show me").locator("a")
    expect(links).to_have_text(["a cat", "a page"])
    expect(links.first).to_have_attribute("rel", "noopener noreferrer nofollow")


def _provoke(chat: ChatPage) -> None:
    """Hovers, focuses and clicks what could be waiting for that, but links that leave the page."""
    chat.page.evaluate(
        """for (const element of document.querySelectorAll(".markdown *")) {
             for (const name of ["mouseover", "focus", "toggle", "load", "error", "animationstart"])
               element.dispatchEvent(new Event(name, {bubbles: true}));
             if (!element.closest("a[href^=http], a[href^=mailto]")) element.dispatchEvent(new MouseEvent("click"));
           }"""
    )
    chat.page.wait_for_timeout(300)  # what loads or runs late does so now
