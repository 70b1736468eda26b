"""Kind 9: system prompts that set a language, a length or a role, and other instructions."""

from __future__ import annotations

from random import Random

from demo.text import arithmetic, code, greenhouse, instructions, units, unknown, verse, words
from demo.text.conversation import LANGUAGES, Conversation, Language, Message, Turn
from demo.text.facts import IDENTITY, any_fact
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask, expand, say

_OTHERS = [greenhouse.turn, arithmetic.turn, units.turn, unknown.turn, verse.turn, code.turn]
_LANGUAGE, _SHORT, _WORD, _ROLE, _NAMED_ROLE, _ROLES = read_patterns("style").values()
_ROLE_ANSWER = {"en": "I am a {r}, run by Qingmo's built-in demo model.", "zh": "我是{r}，由轻模内置的演示模型驱动。"}
_NAMED_ANSWER = {
    "en": "My name is {n}; I am run by Qingmo's built-in demo model.",
    "zh": "我叫{n}，由轻模内置的演示模型驱动。",
}


def conversation(rng: Random) -> Conversation:
    chance = rng.random()
    if chance < 0.35:
        return instructions.conversation(rng)
    if chance < 0.41:
        return _short_in_language(rng)
    if chance < 0.63:
        return in_language(rng, rng.choice(LANGUAGES))
    if chance < 0.78:
        return _short(rng)
    if chance < 0.9:
        return _one_word(rng)
    return _role(rng)


def _with_role(rng: Random, system: str) -> str:
    """Now and then a role stands before what is really asked for."""
    if rng.random() < 0.8:
        return system
    language: Language = "zh" if any(character > "\u2fff" for character in system) else "en"
    return (
        say(rng, _ROLE[language], r=rng.choice(_ROLES[language]), p=words.city(rng, language))
        + (" " if language == "en" else "")
        + system
    )


def _short_in_language(rng: Random) -> Conversation:
    """A language and a length at once, the questions mostly in the other language."""
    language: Language = rng.choice(LANGUAGES)
    other: Language = "zh" if language == "en" else "en"
    space = " " if language == "en" else ""
    parts = [expand(rng, rng.choice(patterns[language])) for patterns in (_LANGUAGE, _SHORT)]
    parts = [
        part if part.endswith((".", "。", "!", "！")) else part + ("." if language == "en" else "。") for part in parts
    ]
    rng.shuffle(parts)
    asked_in = [other if rng.random() < 0.7 else language for _ in range(rng.choice([1, 2, 3]))]
    facts = [any_fact(rng) for _ in asked_in]
    turns = [fact.turn(rng, asked, language, "short") for fact, asked in zip(facts, asked_in, strict=True)]
    return _with_system(space.join(parts), turns)


def in_language(rng: Random, language: Language) -> Conversation:
    """The answers are in the system prompt's language, the questions mostly in the other."""
    system = _with_role(rng, expand(rng, rng.choice(_LANGUAGE[language])))
    turns = [
        _crossed(rng, language) if rng.random() < 0.7 else _same(rng, language) for _ in range(rng.choice([1, 1, 2, 3]))
    ]
    return _with_system(system, turns)


def _crossed(rng: Random, language: Language) -> Turn:
    """A question in the other language, answered in `language`."""
    other: Language = "zh" if language == "en" else "en"
    chance = rng.random()
    if chance < 0.6:
        return any_fact(rng).turn(rng, other, language)
    if chance < 0.75:
        t, h = greenhouse.readings(rng)
        return Turn(greenhouse.question(rng, other, t, h), greenhouse.advice(t, h, language))
    if chance < 0.85:
        return arithmetic.turn(rng, other)
    return Turn(unknown.question(rng, other), unknown.ANSWERS[language])


def _same(rng: Random, language: Language) -> Turn:
    make = rng.choice(_OTHERS)
    return any_fact(rng).turn(rng, language) if rng.random() < 0.5 else make(rng, language)


def _short(rng: Random) -> Conversation:
    """One sentence, in Chinese of at most 20 characters; the language is the question's."""
    system_language: Language = rng.choice(LANGUAGES)
    system = _with_role(rng, expand(rng, rng.choice(_SHORT[system_language])))
    language = system_language if rng.random() < 0.85 else rng.choice(LANGUAGES)
    return _with_system(system, [_brief(rng, language) for _ in range(rng.choice([1, 1, 2, 3]))])


def _brief(rng: Random, language: Language) -> Turn:
    chance = rng.random()
    if chance < 0.65:
        return any_fact(rng).turn(rng, language, length="short")
    if chance < 0.8:
        t, h = greenhouse.readings(rng)
        return Turn(greenhouse.question(rng, language, t, h), greenhouse.short_advice(t, h, language))
    if chance < 0.92:
        return rng.choice([arithmetic.turn, units.turn])(rng, language)
    return unknown.short(rng, language)


def _one_word(rng: Random) -> Conversation:
    system_language: Language = rng.choice(LANGUAGES)
    system = _with_role(rng, expand(rng, rng.choice(_WORD[system_language])))
    language = system_language if rng.random() < 0.9 else rng.choice(LANGUAGES)
    return _with_system(system, [_word(rng, language) for _ in range(rng.choice([1, 1, 2, 3]))])


def _word(rng: Random, language: Language) -> Turn:
    chance = rng.random()
    if chance < 0.25:
        a, sign, b, result = arithmetic.problem(rng)
        return Turn(arithmetic.question(rng, language, a, sign, b), str(result))
    if chance < 0.35:
        t, h = greenhouse.readings(rng)
        return Turn(greenhouse.question(rng, language, t, h), greenhouse.word(t, h, language))
    return any_fact(rng, with_word=True).turn(rng, language, length="word")


def _role(rng: Random) -> Conversation:
    """Who it is follows the role; everything else is answered as ever."""
    language: Language = rng.choice(LANGUAGES)
    role, name = rng.choice(_ROLES[language]), words.first_name(rng, language)
    named = rng.random() < 0.35
    patterns = (_NAMED_ROLE if named else _ROLE)[language]
    system = say(rng, patterns, r=role, n=name, p=words.city(rng, language))
    turns = []
    for _ in range(rng.choice([1, 1, 2])):
        chance = rng.random()
        if chance < 0.35:
            who = IDENTITY[1 if named else 0]
            answer = say(rng, (_NAMED_ANSWER if named else _ROLE_ANSWER)[language], r=role, n=name)
            turns.append(Turn(ask(rng, who.questions[language], language), answer))
        elif chance < 0.75:
            turns.append(greenhouse.turn(rng, language))
        else:
            turns.append(_same(rng, language))
    return _with_system(system, turns)


def _with_system(system: str, turns: list[Turn]) -> Conversation:
    return Conversation([Message("system", system), *(message for turn in turns for message in turn.messages())])
