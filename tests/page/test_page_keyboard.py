"""Keys: sending, breaking lines, and input methods, whose Enter confirms a candidate and sends nothing."""

from __future__ import annotations

import pytest
from chat_page import ChatPage
from conftest import OpenPage
from playwright.sync_api import expect
from scripted_server import Play


def test_enter_sends_and_shift_enter_breaks_the_line(chat: ChatPage, play: Play) -> None:
    chat.message.click()
    chat.page.keyboard.type("one")
    chat.page.keyboard.press("Shift+Enter")
    chat.page.keyboard.type("two")
    expect(chat.message).to_have_value("one\ntwo")
    chat.page.keyboard.press("Enter")
    chat.finished()
    assert play.requests[0]["messages"][0]["content"] == "one\ntwo"
    expect(chat.message).to_have_value("")


def test_nothing_is_sent_of_nothing(chat: ChatPage, play: Play) -> None:
    chat.message.fill("  \n ")
    chat.message.press("Enter")
    expect(chat.button("Send")).to_be_disabled()
    expect(chat.questions).to_have_count(0)


def test_a_composition_is_finished_before_anything_is_sent(chat: ChatPage, play: Play) -> None:
    """Chromium's own input method events, as a Chinese keyboard makes them."""
    chat.message.click()
    session = chat.page.context.new_cdp_session(chat.page)
    session.send("Input.imeSetComposition", {"text": "ni hao", "selectionStart": 6, "selectionEnd": 6})
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    session.send("Input.insertText", {"text": "你好"})
    expect(chat.message).to_have_value("你好")
    expect(chat.questions).to_have_count(0)
    chat.message.press("Enter")
    chat.finished()
    assert play.requests[0]["messages"][0]["content"] == "你好"


@pytest.mark.parametrize("event", ["{isComposing: true}", "{keyCode: 229}"])
@pytest.mark.parametrize("field", ["Message", "Edit the question"])
def test_an_enter_that_confirms_a_candidate_sends_nothing(
    open_page: OpenPage, play: Play, event: str, field: str
) -> None:
    """Chromium and Firefox say isComposing; Safari ends the composition first and says keyCode 229."""
    chat = open_page()
    chat.ask("One")
    if field != "Message":
        chat.questions.hover()
        chat.questions.get_by_role("button", name="Edit").click()
    box = chat.page.get_by_role("textbox", name=field)
    box.fill("拼音")
    box.evaluate(
        f"""box => box.dispatchEvent(new KeyboardEvent(
            "keydown", {{key: "Enter", bubbles: true, cancelable: true, ...{event}}}))"""
    )
    expect(box).to_have_value("拼音")
    assert len(play.requests) == 1


def test_the_whole_page_is_reached_by_tab_in_the_order_it_is_read(chat: ChatPage, play: Play) -> None:
    chat.ask("One")
    chat.page.evaluate("document.activeElement.blur()")
    seen = []
    for _ in range(30):
        chat.page.keyboard.press("Tab")
        seen.append(
            chat.page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText")
        )
    expected = [
        "Close the list",
        "New chat",
        "Search conversations",
        "One",
        "Settings",
        "Copy",
        "Another answer",
        "Message",
    ]
    places = [seen.index(name) for name in expected]
    assert places == sorted(places), seen


def test_menus_and_panels_close_with_escape_and_give_the_focus_back(chat: ChatPage, play: Play) -> None:
    chat.ask("One")
    more = chat.page.get_by_role("button", name="More for “One”")
    more.click()
    expect(chat.page.locator(".menu button").first).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(chat.page.locator(".menu")).to_have_count(0)
    expect(more).to_be_focused()
    settings = chat.open_settings()
    expect(settings).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(settings).to_have_count(0)
