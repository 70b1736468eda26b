"""Drills for copying: what passages, memory and tools are built on, without their words around it."""

from __future__ import annotations

from random import Random

from demo.text import words
from demo.text.conversation import Language, Turn
from demo.text.phrase import ask, say
from demo.text.predicates import Pool

_REPEAT = {
    "en": [
        "[Repeat|Say|Copy|Write|Echo][:| after me:| this:| exactly:] {v}",
        "[Please repeat|Repeat the following|Copy this text]: {v}",
    ],
    "zh": ["[重复|复述|照抄|请重复|请照着写|跟我说|请说][：|一遍：|这句话：]{v}"],
}
_LOOK_UP = {
    "en": ["[What is|Which value has|Value of|Give me|Find|Look up|]{s}{k}[?|]"],
    "zh": ["{k}[是什么|的值是什么|是多少|的值|对应什么|]？"],
}
_HOLDS = {
    "en": ["[There are|It has|It holds|We have|They own|One finds|One sees] {x}."],
    "zh": ["[有|共有|里面有|我们有|存放着|展出|其中有]{x}。"],
}
_HOW_MANY = {
    "en": ["How many {n}[ are there| does it have| do they have| do we have| are listed|]?", "[The n|N]umber of {n}?"],
    "zh": ["[有|一共有|共有|][多少|几]{l}{n}？", "{n}[有多少|有几{l}|的数量]？"],
}


def repeat(rng: Random, language: Language) -> Turn:
    """Pieces of any sort, said again."""
    pieces = [_piece(rng, language) for _ in range(rng.choice([1, 2, 3, 5, 8, 12]))]
    value = ("" if language == "zh" and rng.random() < 0.5 else " ").join(pieces)
    return Turn(say(rng, _REPEAT[language], v=value), value)


def look_up(rng: Random, language: Language) -> list[Turn]:
    """A list of keys and values, then values asked for by key, a few in a row."""
    keys = list(dict.fromkeys(_piece(rng, language) for _ in range(rng.randint(2, 9))))
    values = [" ".join(_piece(rng, language) for _ in range(rng.choice([1, 1, 2]))) for _ in keys]
    joint, end = rng.choice(
        [
            (": ", "\n"),
            (" = ", "\n"),
            (" is ", ". "),
            ("：", "\n"),
            ("是", "。"),
            (" -> ", "; "),
            ("\t", "\n"),
            (" | ", "\n"),
        ]
    )
    table = end.join(key + joint + value for key, value in zip(keys, values, strict=True))
    turns = []
    for at in rng.sample(range(len(keys)), min(len(keys), rng.randint(1, 4))):
        turns.append(Turn(ask(rng, _LOOK_UP[language], language, s=" ", k=keys[at]).strip(), values[at]))
    turns[0] = Turn(f"{table}\n\n{turns[0].question}", turns[0].answer)
    return turns


def count(rng: Random, language: Language) -> list[Turn]:
    """Things of several sorts, each with its number, then how many there are of some, a few in a row."""
    nouns = {noun: measure for measure, _, noun in (Pool(rng, language).counted() for _ in range(rng.randint(2, 6)))}
    numbers = {noun: str(rng.randint(2, 10 ** rng.choice([1, 2, 3, 3]))) for noun in nouns}
    space = " " if language == "en" else ""
    parts = [f"{numbers[noun]}{space}{nouns[noun]}{noun}" for noun in nouns]
    if rng.random() < 0.5:
        comma, last = (", ", " and ") if language == "en" else ("、", "和")
        parts = [comma.join(parts[:-1]) + last + parts[-1]] if len(parts) > 1 else parts
    told = space.join(say(rng, _HOLDS[language], x=part) for part in parts)
    turns = [
        Turn(ask(rng, _HOW_MANY[language], language, n=noun, l=nouns[noun]), numbers[noun])
        for noun in rng.sample(list(nouns), min(len(nouns), rng.randint(1, 4)))
    ]
    turns[0] = Turn(f"{told}{rng.choice([chr(10), chr(10) * 2, space])}{turns[0].question}", turns[0].answer)
    return turns


def _piece(rng: Random, language: Language) -> str:
    kind = rng.randrange(6)
    if kind == 0:
        return words.code(rng)
    if kind == 1:
        return words.number(rng)
    if kind == 2:
        return words.noun(rng, language)
    if kind == 3:
        return words.invented_word(rng).capitalize()
    return words.invented_characters(rng, rng.randint(1, 4)) if language == "zh" else words.person(rng, language)
