"""Kind 10: what the user said earlier in the conversation, asked for later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from demo.text import words
from demo.text.conversation import Language, Turn
from demo.text.pattern_files import Section, read_patterns
from demo.text.phrase import ask, say, tell

Maker = Callable[[Random, Language], str]


def _age(rng: Random, language: Language) -> str:
    return str(rng.randint(4, 99))


def _number(rng: Random, language: Language) -> str:
    return words.number(rng) if rng.random() < 0.7 else words.code(rng)


TRAITS = read_patterns("memory")
MAKERS: dict[str, Maker] = {
    "name": words.person,
    "city": words.city,
    "favourite colour": lambda rng, language: words.from_list(rng, words.COLOURS, language),
    "age": _age,
    "job": lambda rng, language: words.from_list(rng, words.JOBS, language),
    "favourite food": lambda rng, language: words.from_list(rng, words.FOODS, language),
    "hobby": lambda rng, language: words.from_list(rng, words.HOBBIES, language),
    "number": _number,
}
_PET, _ATTRIBUTE, _PAIRS = read_patterns("memory_other").values()

_NOTED = {"en": "Good to know: your {trait} is {v}.", "zh": "好的，我记住了：你{trait}是{v}。"}
_ANSWER = {"en": "Your {trait} is {v}.", "zh": "你{trait}是{v}。"}
_UNKNOWN = {"en": "You have not told me your {trait} yet.", "zh": "你还没有告诉我你{trait}。"}
_REMINDERS = {
    "en": [" Do you remember?", " I told you.", " I said it before."],
    "zh": ["我刚才说过。", "还记得吗？", "我之前告诉过你。"],
}


@dataclass(frozen=True)
class Memory:
    """One thing to remember: the turn that tells it, and the one that asks for it."""

    told: Turn
    asked: Turn
    key: str


def memory(rng: Random, language: Language, asked_in: Language) -> Memory:
    """Told in one language and asked in the same or the other one; the value stays as it was told."""
    chance = rng.random()
    if chance < 0.14:
        return _pet(rng, language, asked_in)
    if chance < 0.32:
        return _attribute(rng, language)
    return _trait(rng, language, asked_in)


def memories(rng: Random, language: Language, asked_in: Language) -> list[Memory]:
    """One thing told in a message, or two in one sentence, such as a name and a city."""
    if rng.random() < 0.75:
        return [memory(rng, language, asked_in)]
    pair = rng.choice(_PAIRS[f"keys {language}"]).split()
    values = [MAKERS[key.replace("_", " ")](rng, language) for key in pair]
    patterns = [p for p in _PAIRS[language] if all("{" + key + "}" in p for key in pair)]
    statement = tell(rng, patterns, language, **dict(zip(pair, values, strict=True)))
    noted = [_noted(rng, language, key.replace("_", " "), value) for key, value in zip(pair, values, strict=True)]
    told = Turn(statement, ("" if language == "zh" else " ").join(noted))
    return [
        Memory(told, _asked_turn(rng, key.replace("_", " "), value, asked_in), key.replace("_", " "))
        for key, value in zip(pair, values, strict=True)
    ]


def unknown(rng: Random, language: Language, told: set[str]) -> Turn | None:
    """A question for what nobody told; None where the thing it would ask for was told."""
    if rng.random() < 0.3:
        name = rng.choice(_ATTRIBUTE[f"names {language}"])
        question = ask(rng, _ATTRIBUTE[f"asked {language}"], language, t=name)
    else:
        key = rng.choice(list(TRAITS))
        name, question = TRAITS[key][f"name {language}"][0], _asked(rng, TRAITS[key], language)
        if key in told:
            return None
    return None if name in told else Turn(question, say(rng, _UNKNOWN[language], trait=_yours(name, language)))


def _trait(rng: Random, language: Language, asked_in: Language) -> Memory:
    key = rng.choice(list(TRAITS))
    value = MAKERS[key](rng, language)
    statement = tell(rng, TRAITS[key][f"told {language}"], language, v=value)
    return Memory(Turn(statement, _noted(rng, language, key, value)), _asked_turn(rng, key, value, asked_in), key)


def _noted(rng: Random, language: Language, key: str, value: str) -> str:
    return say(rng, _NOTED[language], trait=_yours(TRAITS[key][f"name {language}"][0], language), v=value)


def _asked_turn(rng: Random, key: str, value: str, language: Language) -> Turn:
    answer = say(rng, _ANSWER[language], trait=_yours(TRAITS[key][f"name {language}"][0], language), v=value)
    return Turn(_asked(rng, TRAITS[key], language), answer)


def _asked(rng: Random, trait: Section, language: Language) -> str:
    question = ask(rng, trait[f"asked {language}"], language)
    return question + rng.choice(_REMINDERS[language]) if rng.random() < 0.12 else question


def _yours(trait: str, language: Language) -> str:
    """In Chinese what comes before the trait's name: 你的名字, but 你最喜欢的颜色."""
    return trait if language == "en" or trait.startswith("最") else "的" + trait


def _pet(rng: Random, language: Language, asked_in: Language) -> Memory:
    """A pet has a kind and a name; either is asked for."""
    at = rng.randrange(len(words.ANIMALS["zh"]))
    animal, animal_asked = words.ANIMALS[language][at], words.ANIMALS[asked_in][at]
    name = words.first_name(rng, language) if rng.random() < 0.7 else words.noun(rng, language).capitalize()
    statement = tell(rng, _PET[f"told {language}"], language, a=animal, v=name)
    noted = say(rng, _PET[f"noted {language}"], a=animal, v=name)
    what = "name" if rng.random() < 0.7 else "animal"
    question = ask(rng, _PET[f"{what} asked {asked_in}"], asked_in, a=animal_asked, v=name)
    answer = say(rng, _PET[f"{what} answer {asked_in}"], a=animal_asked, v=name)
    return Memory(Turn(statement, noted), Turn(question, answer), "pet")


def _attribute(rng: Random, language: Language) -> Memory:
    """Any other thing, by name: the question repeats the name."""
    known = rng.random() < 0.7
    name = rng.choice(_ATTRIBUTE[f"names {language}"]) if known else words.noun(rng, language)
    value = _value(rng, language)
    statement = tell(rng, _ATTRIBUTE[f"told {language}"], language, t=name, v=value)
    noted = say(rng, _NOTED[language], trait=_yours(name, language), v=value)
    question = ask(rng, _ATTRIBUTE[f"asked {language}"], language, t=name)
    answer = say(rng, _ANSWER[language], trait=_yours(name, language), v=value)
    return Memory(Turn(statement, noted), Turn(question, answer), name)


def _value(rng: Random, language: Language) -> str:
    makers: list[Callable[[], str]] = [
        lambda: words.person(rng, language),
        lambda: words.number(rng),
        lambda: words.code(rng),
        lambda: words.noun(rng, language),
        lambda: words.city(rng, language),
    ]
    return rng.choice(makers)()
