"""What a chat keeps, and what it forgets when it grows too long."""

from __future__ import annotations

from qingmo.cli.conversation import Conversation, Message


def _one_id_a_character(messages: list[Message]) -> list[int]:
    return [0] * sum(len(message["content"]) for message in messages)


def _talk(system: str | None, *texts: str) -> Conversation:
    conversation = Conversation(system, encode=_one_id_a_character)
    for number, text in enumerate(texts):
        conversation = conversation.answered(text) if number % 2 else conversation.asked(text)
    return conversation


def test_messages_are_system_then_turns_in_order() -> None:
    messages = _talk("S", "a", "b", "c").messages
    assert [m["role"] for m in messages] == ["system", "user", "assistant", "user"]
    assert [m["content"] for m in messages] == ["S", "a", "b", "c"]


def test_without_a_system_message_the_template_may_bring_its_own() -> None:
    assert [m["role"] for m in _talk(None, "a").messages] == ["user"]


def test_what_leaves_a_quarter_to_the_answer_is_kept_whole() -> None:
    conversation = _talk(None, "a" * 25, "b" * 25, "c" * 25)
    assert conversation.fitted(100) is conversation


def test_the_oldest_turns_go_until_half_is_free() -> None:
    conversation = _talk("S", *(letter * 20 for letter in "abcdefg"))
    kept = conversation.fitted(100)
    assert [turn["content"][0] for turn in kept.turns] == ["g"]
    assert kept.messages[0] == {"role": "system", "content": "S"}


def test_a_question_is_never_forgotten_without_its_answer() -> None:
    kept = _talk(None, "a" * 60, "b", "c", "d", "e" * 30).fitted(100)
    assert [turn["content"][0] for turn in kept.turns] == ["c", "d", "e"]


def test_the_last_question_stays_however_long_it_is() -> None:
    kept = _talk(None, "a", "b", "c" * 500).fitted(100)
    assert [turn["content"][0] for turn in kept.turns] == ["c"]
