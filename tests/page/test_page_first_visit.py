"""What a person finds who comes for the first time, also when the server is not ready for them."""

from __future__ import annotations

import pytest
from conftest import OpenPage
from playwright.sync_api import expect
from scripted_server import Play, ScriptedServer

LIGHT, DARK = "rgb(251, 250, 248)", "rgb(24, 26, 26)"


@pytest.mark.parametrize(
    ("locale", "lang", "heading"), [("zh-CN", "zh-CN", "想聊点什么？"), ("de-DE", "en", "What shall we talk about?")]
)
def test_the_page_speaks_the_language_of_the_browser(open_page: OpenPage, locale: str, lang: str, heading: str) -> None:
    page = open_page(locale=locale).page
    expect(page.get_by_role("heading", level=2)).to_have_text(heading)
    assert page.evaluate("document.documentElement.lang") == lang


def test_the_language_can_be_switched_and_stays_so(open_page: OpenPage) -> None:
    page = open_page().page
    page.get_by_role("button", name="切换到中文").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("想聊点什么？")
    page.reload()
    expect(page.get_by_role("heading", level=2)).to_have_text("想聊点什么？")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_and_can_be_chosen(open_page: OpenPage, scheme: str) -> None:
    page = open_page(color_scheme=scheme).page
    body = page.locator("body")
    expect(body).to_have_css("background-color", {"light": LIGHT, "dark": DARK}[scheme])
    page.get_by_role("button", name="Colours: as the system").click()
    expect(body).to_have_css("background-color", LIGHT)
    page.get_by_role("button", name="Colours: light").click()
    expect(body).to_have_css("background-color", DARK)
    page.reload()
    expect(body).to_have_css("background-color", DARK)


@pytest.mark.parametrize("number", range(3))
def test_an_example_is_asked_at_a_click(open_page: OpenPage, play: Play, number: int) -> None:
    chat = open_page()
    example = chat.page.locator(".examples button").nth(number)
    question = example.locator("span").inner_text()
    example.click()
    expect(chat.finished()).to_contain_text("An answer.")
    assert play.requests[0]["messages"] == [{"role": "user", "content": question}]
    expect(chat.message).to_be_focused()


@pytest.mark.parametrize("demo", [True, False])
def test_the_demo_model_is_announced_with_the_way_to_change_it(open_page: OpenPage, play: Play, demo: bool) -> None:
    play.demo = demo
    page = open_page().page
    page.get_by_text("Qwen/Qwen2.5-0.5B-Instruct").wait_for()
    banner = page.get_by_text("demo model is answering, not Qwen2.5")
    expect(banner).to_have_count(int(demo))
    if demo:
        banner.click()
        expect(page.get_by_text("--model-name-or-path")).to_be_visible()


@pytest.mark.parametrize(
    ("refusal", "title"),
    [
        ((503, "loading", {}), "The model is being loaded"),
        ((429, "queue_full", {"Retry-After": "1"}), "Many people are asking right now"),
        ((502, "", {}), "Qingmo does not answer"),
    ],
)
def test_a_question_waits_until_the_server_takes_it(
    open_page: OpenPage, play: Play, refusal: tuple[int, str, dict[str, str]], title: str
) -> None:
    chat = open_page()
    chat.page.get_by_text("Qwen/Qwen2.5-0.5B-Instruct").wait_for()
    play.refusals = [refusal]
    chat.send("Tell me")
    expect(chat.page.get_by_role("alert")).to_contain_text(title)
    play.refusals = []
    chat.button("Try again").click()
    expect(chat.finished()).to_contain_text("An answer.")
    expect(chat.page.get_by_role("alert")).to_have_count(0)
    expect(chat.answers).to_have_count(1)


def test_a_page_opened_too_early_becomes_ready_by_itself(open_page: OpenPage, play: Play) -> None:
    play.refusals = [(503, "loading", {})]
    chat = open_page()
    expect(chat.page.get_by_role("alert")).to_contain_text("The model is being loaded")
    expect(chat.page.get_by_role("progressbar")).to_have_attribute("value", "40")
    chat.send("Tell me")
    play.refusals = []
    expect(chat.finished()).to_contain_text("An answer.")


def test_a_key_is_asked_for_and_kept(open_page: OpenPage, play: Play) -> None:
    play.key = "sesame"
    chat = open_page()
    key = chat.page.get_by_label("API key")
    chat.send("Tell me")
    key.fill("wrong")
    chat.button("Use this key").click()
    expect(chat.page.get_by_text("does not know this key")).to_be_visible()
    key.fill("sesame")
    key.press("Enter")
    expect(chat.finished()).to_contain_text("An answer.")
    chat.page.reload()
    expect(chat.ask("Again")).to_contain_text("An answer.")
    expect(chat.page.get_by_role("alert")).to_have_count(0)


def test_a_server_that_went_away_is_found_again(open_page: OpenPage, play: Play) -> None:
    server = ScriptedServer()
    chat = open_page(address=server.address)
    chat.ask("One")
    server.stop()
    chat.send("Two")
    expect(chat.page.get_by_role("alert")).to_contain_text("./start.sh")
    again = ScriptedServer(server.port)
    try:
        expect(chat.finished()).to_contain_text("An answer.")
    finally:
        again.stop()


def test_an_answer_that_broke_off_keeps_its_beginning(open_page: OpenPage, play: Play) -> None:
    play.pieces, play.break_off_at = ["Once ", "never"], 1
    chat = open_page()
    chat.send("Tell me")
    expect(chat.finished()).to_contain_text("Once The connection ended", use_inner_text=True)
    assert len(play.requests) == 1, "what has begun is not asked again without being told to"


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        ((400, "context_length_exceeded", {}), "too long for the model"),
        ((400, "invalid_value", {}), "told to say invalid_value"),
    ],
)
def test_a_refusal_is_told_in_words(
    open_page: OpenPage, play: Play, refusal: tuple[int, str, dict[str, str]], text: str
) -> None:
    chat = open_page()
    play.refusals = [refusal]
    expect(chat.ask("Tell me")).to_contain_text(text)
    play.refusals = []
    chat.button("Another answer").click()
    expect(chat.finished()).to_contain_text("An answer.")
    expect(chat.answers.get_by_label("Version")).to_have_count(0)


def test_everything_works_under_a_sub_path(open_page: OpenPage) -> None:
    server = ScriptedServer(prefix="/lab/qingmo")
    try:
        server.play.pieces = ["So $x^2$."]
        chat = open_page(address=server.address)
        chat.ask("Tell me")
        expect(chat.answers.locator("math")).to_have_count(1)
        assert all(url.startswith((server.address, "blob:")) for url in chat.requested)
    finally:
        server.stop()
