"""Answers are remembered by their text, and only where their ids are that text."""

from __future__ import annotations

from pathlib import Path

import pytest

from qingmo.engine.prompts import Prompts
from qingmo.model.chat_template import ChatTemplate
from qingmo.model.tokenizer import Tokenizer


@pytest.fixture
def prompts(toy_folder: Path, vocabulary: Tokenizer) -> Prompts:
    return Prompts(vocabulary, ChatTemplate.from_folder(toy_folder, vocabulary), remember=2)


def letters(vocabulary: Tokenizer, text: str) -> list[int]:
    """One token a letter."""
    return [token for letter in text for token in vocabulary.encode(letter)]


def encoded(prompts: Prompts, answer: str) -> list[int]:
    return prompts.encode_chat(
        [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": answer},
            {"role": "user", "content": "and"},
        ]
    )


def test_a_remembered_answer_keeps_its_ids_without_the_end_of_sequence(
    prompts: Prompts, vocabulary: Tokenizer, eos: int
) -> None:
    ids = letters(vocabulary, "hello")
    plain = encoded(prompts, "hello")
    prompts.remember("hello", [*ids, eos])
    kept = encoded(prompts, "hello")
    assert plain != kept
    assert vocabulary.decode(plain, skip_special=False) == vocabulary.decode(kept, skip_special=False)


@pytest.mark.parametrize("wrong", ["", "hell", "hello!"])
def test_an_answer_whose_ids_are_another_text_is_not_remembered(
    prompts: Prompts, vocabulary: Tokenizer, wrong: str
) -> None:
    before = encoded(prompts, wrong)
    prompts.remember(wrong, letters(vocabulary, "hello"))
    assert encoded(prompts, wrong) == before


def test_an_answer_with_a_control_token_inside_is_not_remembered(
    prompts: Prompts, vocabulary: Tokenizer, eos: int
) -> None:
    before = encoded(prompts, "hello")
    prompts.remember("hello", [*letters(vocabulary, "hel"), eos, *letters(vocabulary, "lo")])
    assert encoded(prompts, "hello") == before


def test_the_least_recently_used_answer_is_forgotten_first(prompts: Prompts, vocabulary: Tokenizer) -> None:
    plain = {text: encoded(prompts, text) for text in ("hello", "user", "What")}
    prompts.remember("hello", letters(vocabulary, "hello"))
    prompts.remember("user", letters(vocabulary, "user"))
    encoded(prompts, "hello")
    prompts.remember("What", letters(vocabulary, "What"))
    assert [encoded(prompts, text) != plain[text] for text in plain] == [True, False, True]
