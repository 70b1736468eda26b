"""`qingmo chat` on a terminal: keys in, words out, Ctrl-C and the /commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from driver import Terminal, terminal

PROMPT = ">>> "
LONG = ("--max-model-len", "4096", "--max-new-tokens", "3900")


@pytest.fixture
def short(toy_folder: Path) -> Iterator[Terminal]:
    flags = ("--model-name-or-path", str(toy_folder), "--temperature", "0", "--max-new-tokens", "5")
    with terminal("chat", *flags) as screen:
        screen.wait_for(PROMPT)
        yield screen


@pytest.fixture
def long(toy_folder: Path) -> Iterator[Terminal]:
    with terminal("chat", "--model-name-or-path", str(toy_folder), "--temperature", "0", *LONG) as screen:
        screen.wait_for(PROMPT)
        yield screen


def _ask(screen: Terminal, text: str) -> str:
    """Type a line; what is shown until the next prompt."""
    screen.type(text + "\r")
    screen.wait_for(text)
    return screen.wait_for(PROMPT)


def test_a_chinese_question_is_answered_and_measured(short: Terminal) -> None:
    shown = _ask(short, "你好，你是谁？")
    assert "5 tokens, first after" in shown and "tokens/s" in shown


def test_ctrl_d_and_exit_leave(short: Terminal, toy_folder: Path) -> None:
    short.press_ctrl("d")
    assert short.exit_status() == 0
    with terminal("chat", "--model-name-or-path", str(toy_folder)) as screen:
        screen.wait_for(PROMPT)
        screen.type("/exit\r")
        assert screen.exit_status() == 0


def test_ctrl_c_stops_the_answer_and_not_the_program(long: Terminal) -> None:
    long.type("hello\r")
    long.wait_for("hello\r\n")
    long.wait_for_anything()
    long.press_ctrl("c")
    shown = long.wait_for(PROMPT)
    assert ", stopped" in shown
    assert "/system TEXT" in _ask(long, "/help")


def test_ctrl_c_at_the_prompt_hints_and_twice_leaves(short: Terminal) -> None:
    _interrupt_prompt(short)
    assert "Ctrl-C again, Ctrl-D or /exit leaves." in short.wait_for(PROMPT)
    _ask(short, "hello")
    _interrupt_prompt(short)
    short.wait_for(PROMPT)
    _interrupt_prompt(short)
    assert short.exit_status() == 0


def _interrupt_prompt(screen: Terminal) -> None:
    screen.wait_until_it_reads()
    screen.press_ctrl("c")


def test_the_conversation_goes_on_until_reset(short: Terminal) -> None:
    first = _ask(short, "hello").split("tokens")[0]
    second = _ask(short, "hello").split("tokens")[0]
    assert "A new conversation." in _ask(short, "/reset")
    again = _ask(short, "hello").split("tokens")[0]
    assert again == first != second


def test_new_instructions_begin_a_new_conversation(short: Terminal) -> None:
    first = _ask(short, "hello").split("tokens")[0]
    assert "under these instructions" in _ask(short, "/system Return number one.")
    assert _ask(short, "hello").split("tokens")[0] != first


def test_an_unknown_command_is_not_sent_to_the_model(short: Terminal) -> None:
    assert "There is no /exot. /help lists what there is." in _ask(short, "/exot")


def test_a_question_that_is_too_long_loses_nothing(toy_folder: Path) -> None:
    flags = ("--model-name-or-path", str(toy_folder), "--temperature", "0", "--max-model-len", "120")
    with terminal("chat", *flags, "--max-new-tokens", "5") as screen:
        screen.wait_for(PROMPT)
        first = _ask(screen, "hello")
        assert "--max-model-len is 120" in _ask(screen, "你好" * 120)
        assert "Forgot" not in _ask(screen, "hello") and "tokens/s" in first


def test_an_old_conversation_is_forgotten_and_goes_on(toy_folder: Path) -> None:
    flags = ("--model-name-or-path", str(toy_folder), "--temperature", "0", "--max-model-len", "120")
    with terminal("chat", *flags, "--max-new-tokens", "20") as screen:
        screen.wait_for(PROMPT)
        shown = [_ask(screen, "hello world") for _ in range(6)]
        assert any("Forgot the oldest questions and answers" in text for text in shown)
        assert all("tokens/s" in text for text in shown)
