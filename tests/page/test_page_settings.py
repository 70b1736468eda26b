"""The gear: what is set goes into the next request of this conversation, and only there."""

from __future__ import annotations

from chat_page import ChatPage
from conftest import OpenPage
from playwright.sync_api import expect
from scripted_server import Play

MAIN = {"Temperature": "0.35", "Top P": "0.8", "Longest answer max_new_tokens": "96"}
ADVANCED = {"Top K": "5", "Min P": "0.05", "Repetition penalty": "1.2", "Seed": "7"}
NAMES = ("temperature", "top_p", "max_tokens", "top_k", "min_p", "repetition_penalty", "seed")


def test_every_setting_reaches_the_next_request(chat: ChatPage, play: Play) -> None:
    settings = chat.open_settings()
    settings.get_by_text("Advanced").click()
    for label, value in (MAIN | ADVANCED).items():
        settings.get_by_role("spinbutton", name=label, exact=True).fill(value)
    settings.get_by_role("textbox", name="System prompt").fill("Be brief.")
    chat.ask("One")
    request = play.requests[0]
    assert [request[name] for name in NAMES] == [0.35, 0.8, 96, 5, 0.05, 1.2, 7]
    assert request["messages"][0] == {"role": "system", "content": "Be brief."}


def test_without_settings_the_server_decides(chat: ChatPage, play: Play) -> None:
    settings = chat.open_settings()
    expect(settings.get_by_role("spinbutton", name="Temperature")).to_have_attribute("placeholder", "0.7")
    chat.ask("One")
    assert set(play.requests[0]) == {"messages", "stream", "stream_options"}


def test_a_slider_sets_the_number_beside_it(chat: ChatPage, play: Play) -> None:
    settings = chat.open_settings()
    settings.get_by_role("slider", name="Temperature").press("ArrowRight")
    expect(settings.get_by_role("spinbutton", name="Temperature")).to_have_value("0.75")
    chat.ask("One")
    assert play.requests[0]["temperature"] == 0.75


def test_without_streaming_the_answer_comes_whole(chat: ChatPage, play: Play) -> None:
    settings = chat.open_settings()
    settings.get_by_role("switch", name="Streaming").uncheck()
    answer = chat.ask("One")
    expect(answer.locator("p")).to_have_text("An answer.")
    expect(answer).to_contain_text("first token 0.12 s")
    assert play.requests[0]["stream"] is False


def test_settings_belong_to_one_conversation_and_outlive_a_reload(chat: ChatPage, play: Play) -> None:
    settings = chat.open_settings()
    chat.ask("One")
    settings.get_by_role("spinbutton", name="Temperature").fill("0.3")
    chat.ask("Still one")
    chat.page.locator(".new-chat").click()
    expect(settings.get_by_role("spinbutton", name="Temperature")).to_have_value("")
    chat.ask("Two")
    assert [request.get("temperature") for request in play.requests] == [None, 0.3, None]
    chat.conversations.get_by_text("One").click()
    chat.page.reload()
    expect(chat.open_settings().get_by_role("spinbutton", name="Temperature")).to_have_value("0.3")


def test_reset_brings_the_defaults_back(chat: ChatPage, play: Play) -> None:
    settings = chat.open_settings()
    expect(chat.button("Reset to defaults")).to_be_disabled()
    settings.get_by_role("spinbutton", name="Temperature").fill("0.3")
    settings.get_by_role("switch", name="Streaming").uncheck()
    chat.button("Reset to defaults").click()
    expect(settings.get_by_role("switch", name="Streaming")).to_be_checked()
    chat.ask("One")
    assert "temperature" not in play.requests[0] and play.requests[0]["stream"] is True


def test_each_setting_says_what_it_does_and_what_suits(open_page: OpenPage) -> None:
    for locale, verse in (("en-US", "0.85 suits verse"), ("zh-CN", "诗歌宜 0.85")):
        page = open_page(locale=locale).page
        page.locator(".bar-end button").click()
        page.locator(".advanced summary").click()
        helps = page.locator(".setting .help").all_inner_texts()
        assert len(helps) == len(NAMES) + 2 and all(len(text) > 15 for text in helps)
        assert "0.3" in helps[0] and "0.5" in helps[0] and verse in helps[0]
        described = page.locator(".settings [aria-describedby]").count()
        assert described == len(helps)
