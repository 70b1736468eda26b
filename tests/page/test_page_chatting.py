"""Asking, watching the answer come, stopping it, asking anew, branching, copying."""

from __future__ import annotations

import pytest
from chat_page import ChatPage
from conftest import OpenPage
from playwright.sync_api import expect
from scripted_server import Play

CODE = "Look:\n\n```python\nif a < b:\n    print('<b>')\n```\n\nDone."


def test_an_answer_appears_while_it_is_written(chat: ChatPage, play: Play) -> None:
    play.pieces, play.hold_at = ["Once ", "upon a time."], 1
    chat.send("Tell me")
    expect(chat.answers).to_have_text("Once")
    play.release.set()
    expect(chat.finished()).to_contain_text("Once upon a time.")
    assert play.requests[0]["messages"] == [{"role": "user", "content": "Tell me"}]


def test_finished_blocks_are_left_alone_while_the_answer_grows(chat: ChatPage, play: Play) -> None:
    play.pieces, play.hold_at = ["First **block**.\n\nSecond", " block.\n\n", "- third\n- block"], 1
    chat.send("Tell me")
    expect(chat.answers).to_contain_text("Second")
    chat.page.evaluate("document.querySelector('.answer strong').marked = true")
    play.release.set()
    expect(chat.finished().locator("li")).to_have_count(2)
    assert chat.page.evaluate("document.querySelector('.answer strong').marked")


@pytest.mark.parametrize("how", ["button", "Escape"])
def test_stopping_ends_the_work_and_keeps_what_was_written(chat: ChatPage, play: Play, how: str) -> None:
    play.pieces, play.hold_at = ["Once ", "never"], 1
    chat.send("Tell me")
    expect(chat.answers).to_have_text("Once")
    if how == "button":
        chat.button("Stop").click()
    else:
        chat.page.keyboard.press("Escape")
    expect(chat.finished()).to_contain_text("Once Stopped.", use_inner_text=True)
    assert play.dropped.wait(5), "the server was not told"
    play.pieces, play.hold_at = ["And on."], None
    expect(chat.ask("Go on")).to_contain_text("And on.")
    assert [message["content"] for message in play.requests[-1]["messages"]] == ["Tell me", "Once ", "Go on"]


def test_another_answer_stands_beside_the_first(chat: ChatPage, play: Play) -> None:
    play.pieces = ["One."]
    chat.ask("Tell me")
    play.pieces = ["Two."]
    chat.button("Another answer").click()
    expect(chat.finished()).to_contain_text("Two.")
    assert len(play.requests[1]["messages"]) == 1
    expect(chat.page.get_by_label("Version 2 of 2")).to_be_visible()
    chat.button("Previous version").click()
    expect(chat.answers).to_contain_text("One.")
    expect(chat.button("Previous version")).to_be_disabled()


def test_an_edited_question_begins_a_branch_and_keeps_the_old_one(chat: ChatPage, play: Play) -> None:
    play.pieces = ["First."]
    chat.ask("One")
    chat.ask("Two")
    play.pieces = ["Edited."]
    chat.questions.first.hover()
    chat.questions.first.get_by_role("button", name="Edit").click()
    editor = chat.page.get_by_role("textbox", name="Edit the question")
    editor.fill("Uno")
    editor.press("Enter")
    expect(chat.finished()).to_contain_text("Edited.")
    expect(chat.questions).to_have_count(1)
    assert [message["content"] for message in play.requests[-1]["messages"]] == ["Uno"]
    chat.button("Previous version").click()
    expect(chat.questions.locator(".bubble")).to_have_text(["One", "Two"])


def test_escape_leaves_the_editor_without_asking(chat: ChatPage, play: Play) -> None:
    chat.ask("One")
    chat.questions.hover()
    chat.questions.get_by_role("button", name="Edit").click()
    chat.page.get_by_role("textbox", name="Edit the question").press("Escape")
    expect(chat.questions.locator(".bubble")).to_have_text("One")
    assert len(play.requests) == 1


@pytest.mark.parametrize("secure", [True, False])
def test_an_answer_and_a_code_block_are_copied(open_page: OpenPage, play: Play, secure: bool) -> None:
    play.pieces = [CODE]
    chat = open_page(permissions=["clipboard-read", "clipboard-write"])
    paste = "navigator.clipboard.readText()"
    if not secure:  # as on a page that another computer serves without TLS
        chat.page.evaluate("window.paste = navigator.clipboard.readText.bind(navigator.clipboard)")
        chat.page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        paste = "window.paste()"
    answer = chat.ask("Code")
    answer.get_by_role("button", name="Copy code").click()
    expect(answer.get_by_role("button", name="Copied")).to_be_visible()
    assert chat.page.evaluate(paste) == "if a < b:\n    print('<b>')"
    answer.locator(".actions").get_by_role("button", name="Copy").click()
    expect(answer.locator(".actions").get_by_role("button", name="Copied")).to_be_visible()
    assert chat.page.evaluate(paste) == CODE


def test_figures_stand_under_an_answer(chat: ChatPage, play: Play) -> None:
    answer = chat.ask("Tell me")
    expect(answer).to_contain_text("first token 0.12 s · 56.8 tokens/s · prompt 42 tokens, 32 from the cache")
    assert play.requests[0]["stream_options"] == {"include_usage": True}


def test_the_place_in_the_queue_is_told(chat: ChatPage, play: Play) -> None:
    play.queue, play.hold_at = [3], 0
    chat.send("Tell me")
    expect(chat.answers).to_contain_text("3 requests before yours.")
    play.release.set()
    expect(chat.finished()).to_contain_text("An answer.")


def test_an_answer_that_was_cut_off_says_so(chat: ChatPage, play: Play) -> None:
    play.finish_reason = "length"
    expect(chat.ask("Tell me")).to_contain_text("max_new_tokens")


def test_the_end_is_followed_until_the_reader_scrolls_up(chat: ChatPage, play: Play) -> None:
    lines = [f"Line {number}\n\n" for number in range(60)]
    play.pieces, play.hold_at = ["".join(lines), "The end."], 1
    chat.send("Many lines")
    at_end = "(box => box.scrollHeight - box.scrollTop - box.clientHeight < 2)(document.querySelector('.scroller'))"
    chat.until(f"document.body.innerText.includes('Line 59') && {at_end}")
    chat.page.locator(".scroller").hover()
    chat.page.mouse.wheel(0, -600)
    expect(chat.button("To the latest")).to_be_visible()
    play.release.set()
    chat.finished()
    assert not chat.page.evaluate(at_end)
    chat.button("To the latest").click()
    chat.until(at_end)


def test_two_conversations_are_answered_at_once(chat: ChatPage, play: Play) -> None:
    play.pieces, play.hold_at = ["Slow", " end."], 1
    chat.send("First")
    expect(chat.answers).to_have_text("Slow")
    chat.page.locator(".new-chat").click()
    play.hold_at = None
    chat.ask("Second")
    chat.conversations.get_by_text("First").click()
    expect(chat.answers).to_contain_text("Slow")


def test_mathematics_is_set_and_loaded_only_when_needed(chat: ChatPage, play: Play) -> None:
    chat.ask("No formula")
    assert not [url for url in chat.requested if "/math-" in url]
    play.pieces = ["So \\(x^2\\) and\n\n$$\\frac{a}{b}$$\n\nbut \\(\\nonsense{\\) stays."]
    answer = chat.ask("A formula")
    expect(answer.locator("math")).to_have_count(2)
    expect(answer.locator("mfrac")).to_have_count(1)
    expect(answer).to_contain_text("\\nonsense{")
    assert [url for url in chat.requested if "/math-" in url]
