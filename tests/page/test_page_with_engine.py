"""The page with the real server, the real engine and the demo model behind it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from chat_page import ChatPage
from conftest import OpenPage
from playwright.sync_api import Locator, expect

KEY = "correct-horse"


@pytest.fixture(scope="module")
def real_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`qingmo serve` on the demo model, with an API key."""
    keys = tmp_path_factory.mktemp("keys") / "keys.txt"
    keys.write_text(KEY)
    keys.chmod(0o600)
    command = [sys.executable, "-m", "qingmo", "serve", "--model-name-or-path", "demo", "--port", "0"]
    command += ["--max-model-len", "512", "--threads", "1", "--api-keys-file", str(keys)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        ready = server.stdout.readline()
        yield ready.removeprefix("Server running at ").strip() + "/"
        server.terminate()


@pytest.fixture
def chat(open_page: OpenPage, real_address: str) -> ChatPage:
    chat = open_page(address=real_address)
    chat.page.get_by_label("API key").fill(KEY)
    chat.button("Use this key").click()
    expect(chat.page.get_by_role("alert")).to_have_count(0)
    return chat


def test_the_three_examples_get_answers_worth_their_click(chat: ChatPage) -> None:
    chat.open_settings().get_by_role("spinbutton", name="Temperature").fill("0")
    expected = (
        lambda answer: expect(answer).to_contain_text(re.compile("demo", re.IGNORECASE)),
        lambda answer: expect(answer).to_contain_text(re.compile("lantern", re.IGNORECASE)),
        lambda answer: expect(answer.locator("pre code")).to_contain_text("def "),
    )
    for number, says in enumerate(expected):
        if number:
            chat.button("New chat").click()
            chat.button("Settings").click()
        chat.page.locator(".examples button").nth(number).click()
        says(chat.finished())


def test_a_question_is_answered_and_the_next_one_finds_its_prompt_in_the_cache(chat: ChatPage) -> None:
    settings = chat.open_settings()
    settings.get_by_role("spinbutton", name="Longest answer").fill("24")
    settings.get_by_text("Advanced").click()
    settings.get_by_role("spinbutton", name="Seed").fill("1")
    first = chat.ask("Hello world, what is a small model? " * 3)
    expect(first).to_contain_text(re.compile(r"first token [\d.]+ s · .*prompt \d+ tokens, \d+ from the cache"))
    cached = _from_the_cache(first)
    assert _from_the_cache(chat.ask("And you?")) > cached


def _from_the_cache(answer: Locator) -> int:
    found = re.search(r"(\d+) from the cache", answer.inner_text())
    assert found
    return int(found[1])


def test_equal_seeds_give_equal_answers_with_and_without_streaming(chat: ChatPage) -> None:
    settings = chat.open_settings()
    settings.get_by_text("Advanced").click()
    settings.get_by_role("spinbutton", name="Seed").fill("7")
    settings.get_by_role("spinbutton", name="Longest answer").fill("32")
    streamed = chat.ask("What is light?").locator(".markdown").inner_text()
    settings.get_by_role("switch", name="Streaming").uncheck()
    chat.button("Another answer").click()
    assert chat.finished().locator(".markdown").inner_text() == streamed


def test_a_conversation_too_long_for_the_model_is_told_in_words(chat: ChatPage) -> None:
    expect(chat.ask("What is light? " * 400)).to_contain_text("too long for the model")
