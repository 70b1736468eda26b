"""Kind 8: small Python functions, in a code block and explained."""

from __future__ import annotations

import re
from random import Random

from demo.text.conversation import Language, Turn
from demo.text.functions import FUNCTIONS, Function
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask
from demo.text.words import NOUNS, invented_word

_QUESTIONS, _NAMES = read_patterns("code").values()
_AND = {"en": ".", "zh": "，"}
_INTRODUCTIONS = {"en": "Here is the function:", "zh": "函数如下："}


def turn(rng: Random, language: Language) -> Turn:
    function = rng.choice(FUNCTIONS)
    question = ask(rng, [_with_task(p, function, language) for p in _QUESTIONS[language]], language)
    name = function.name
    if rng.random() < 0.35:
        name = function.name if rng.random() < 0.3 else invented_name(rng)
        question = (
            question.rstrip("。.?？") + _AND[language] + ask(rng, _NAMES[language], language, name=name).lstrip("，")
        )
    return Turn(question, answer(function, name, language))


def answer(function: Function, name: str, language: Language) -> str:
    code = function.code.replace("{f}", name)
    return f"{_INTRODUCTIONS[language]}\n\n```python\n{code}\n```\n\n{function.explanation[language]}"


def invented_name(rng: Random) -> str:
    """A function name that says nothing of what the function does."""
    parts = [
        rng.choice(NOUNS["en"]) if rng.random() < 0.5 else invented_word(rng, rng.choice([1, 2]))
        for _ in range(rng.choice([1, 2, 2]))
    ]
    return "_".join(parts)


def _with_task(pattern: str, function: Function, language: Language) -> str:
    named = pattern.replace("{task}", function.tasks[language]).replace("{title}", function.titles[language])
    return named.replace("{do}", _infinitive(function.tasks["en"]))


def _infinitive(task: str) -> str:
    """ "[returns|computes] the sum" -> "[return|compute] the sum"; does and plays of FizzBuzz alike."""
    choices, behind = task[1:].split("]", 1)
    verbs = [re.sub(r"^(\w+?)(?:(?<=do)e)?s\b", r"\1", choice) for choice in choices.split("|")]
    return f"[{'|'.join(verbs)}]{behind}"
