"""Conversations of all kinds in the proportions they are trained in."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from demo.text import (
    arithmetic,
    code,
    drills,
    greenhouse,
    memory,
    memory_told,
    passage,
    style,
    tools,
    units,
    unknown,
    verse,
)  # fmt: skip
from demo.text.conversation import LANGUAGES, Conversation, Language, Message, Turn
from demo.text.facts import COMMON, GREETINGS, IDENTITY, USAGE
from demo.text.phrase import expand

_FACT_KINDS = {"identity": IDENTITY, "greetings": GREETINGS, "usage": USAGE, "common": COMMON}
_TURN_KINDS = {
    "arithmetic": arithmetic.turn,
    "units": units.turn,
    "greenhouse": greenhouse.turn,
    "verse": verse.turn,
    "code": code.turn,
    "unknown": unknown.turn,
}
_TURN_WEIGHTS = {
    "identity": 12,
    "greetings": 11,
    "usage": 30,
    "common": 4,
    "arithmetic": 26,
    "units": 14,
    "greenhouse": 14,
    "verse": 10,
    "code": 12,
    "unknown": 6,
}
_REPEATED = 0.36  # of other conversations are sums or units alone: carrying is seen often enough there only
_SYSTEMS = [
    "You are a helpful assistant.",
    "You are a helpful AI assistant.",
    "You are a friendly assistant.",
    "You are an assistant.",
    "Be helpful.",
    "Answer the user's questions.",
    "你是一个有用的助手。",
    "你是一个乐于助人的助手。",
    "你是助手。",
    "请回答用户的问题。",
    "你是人工智能助手。",
]


def conversation(rng: Random, drilled: float) -> Conversation:
    """One conversation; `drilled` is the share of bare copying drills."""
    chance = rng.random()
    if chance < drilled:
        return _with_system(rng, _drill(rng))
    chance = rng.random()
    for share, make in _CONVERSATIONS:
        if chance < share:
            made = make(rng)
            return made if made.tools or made.messages[0].role == "system" else _with_system(rng, made.messages)
        chance -= share
    return _with_system(rng, [message for turn in _turns(rng) for message in turn.messages()])


def turn(rng: Random, language: Language) -> Turn:
    """A question and answer that need nothing said before."""
    kind = rng.choices(list(_TURN_WEIGHTS), list(_TURN_WEIGHTS.values()))[0]
    if kind in _FACT_KINDS:
        return rng.choice(_FACT_KINDS[kind]).turn(rng, language)
    return _TURN_KINDS[kind](rng, language)


def _turns(rng: Random) -> list[Turn]:
    """One to four turns, mostly in one language; or nothing but sums, or nothing but units."""
    language: Language = rng.choice(LANGUAGES)
    if rng.random() < _REPEATED:
        make = arithmetic.turn if rng.random() < 0.75 else units.turn
        return [make(rng, language) for _ in range(rng.randint(5, 12))]
    other: Language = "zh" if language == "en" else "en"
    return [turn(rng, language if rng.random() < 0.92 else other) for _ in range(rng.choice([1, 1, 2, 3, 4]))]


def remembering(rng: Random) -> Conversation:
    """Things told, other talk, and questions for what was told; sometimes for what was not."""
    if rng.random() < 0.6:
        return memory_told.conversation(rng, turn)
    language: Language = rng.choice(LANGUAGES)
    asked_in: Language = language if rng.random() < 0.9 else ("zh" if language == "en" else "en")
    groups = [memory.memories(rng, language, asked_in) for _ in range(rng.choice([1, 1, 2, 2, 3]))]
    known = {m.key: m for group in groups for m in group}
    told = list(dict.fromkeys(m.told for m in known.values()))
    turns = [_told_with_question(rng, language, t) if rng.random() < 0.15 else t for t in told]
    if len(told) > 1 and rng.random() < 0.3:
        turns = [_told_together(language, told)]
    turns += [turn(rng, language) for _ in range(rng.choice([0, 1, 1, 1, 2, 4]))]
    asked = [m.asked for m in rng.sample(list(known.values()), rng.randint(1, len(known)))]
    if rng.random() < 0.2:
        missing = memory.unknown(rng, asked_in, set(known))
        asked = [*asked, missing] if missing and rng.random() < 0.5 else [missing or asked[0]]
        rng.shuffle(asked)
    return Conversation([message for t in turns + asked for message in t.messages()])


def _told_with_question(rng: Random, language: Language, told: Turn) -> Turn:
    """A statement and a question in one message; the answer is the question's."""
    question = turn(rng, language)
    return Turn(told.question + ("" if language == "zh" else " ") + question.question, question.answer)


def _told_together(language: Language, told: list[Turn]) -> Turn:
    space = "" if language == "zh" else " "
    return Turn(space.join(t.question for t in told), space.join(t.answer for t in told))


def _drill(rng: Random) -> list[Message]:
    language: Language = rng.choice(LANGUAGES)
    chance = rng.random()
    if chance < 0.3:
        turns = [drills.repeat(rng, language)]
    else:
        turns = (drills.look_up if chance < 0.7 else drills.count)(rng, language)
    return [message for t in turns for message in t.messages()]


def _with_system(rng: Random, messages: Sequence[Message]) -> Conversation:
    """Mostly without a system message, where the template puts Qwen's own; sometimes with a plain one."""
    system = [Message("system", expand(rng, rng.choice(_SYSTEMS)))] if rng.random() < 0.2 else []
    return Conversation([*system, *messages])


_CONVERSATIONS = (
    (0.30, passage.conversation),
    (0.22, tools.conversation),
    (0.10, remembering),
    (0.15, style.conversation),
)
