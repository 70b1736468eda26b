"""Kind 8: small Python functions, in a code block and explained."""

from __future__ import annotations

import re
from random import Random

from demo.text.conversation import Language, Turn
from demo.text.functions import FUNCTIONS, Function
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask, tell
from demo.text.words import NOUNS, invented_word

_QUESTIONS, _NAMES = read_patterns("code").values()
_AND = {"en": ".", "zh": "，"}
_INTRODUCTIONS = {"en": "Here is the function:", "zh": "函数如下："}


def turn(rng: Random, language: Language) -> Turn:
    """In one of four the function has a name that says nothing, so that the name is copied and the task read."""
    function = rng.choice(FUNCTIONS)
    name = function.name if rng.random() < 0.75 else invented_name(rng)
    patterns = [p for p in _QUESTIONS[language] if name == function.name or "{signature}" not in p or "{task}" in p]
    asked = [_about(rng, pattern, function, language) for pattern in patterns]
    question = ask(rng, asked, language, signature=f"{name}({function.parameters})")
    if name not in question and (name != function.name or rng.random() < 0.1):
        named = tell(rng, _NAMES[language], language, name=name).lstrip("，")
        question = question.rstrip("。.?？!:") + _AND[language] + named
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


def _about(rng: Random, pattern: str, function: Function, language: Language) -> str:
    task, title = rng.choice(function.tasks[language]), rng.choice(function.titles[language])
    do = _infinitive(rng.choice(function.tasks["en"]))
    return pattern.replace("{task}", task).replace("{title}", title).replace("{do}", do)


def _infinitive(task: str) -> str:
    """ "[returns|computes] the sum" -> "[return|compute] the sum"."""
    choices, behind = task[1:].split("]", 1)
    return f"[{'|'.join(_without_s(choice) for choice in choices.split('|'))}]{behind}"


def _without_s(words: str) -> str:
    verb, *more = words.split(" ")
    verb = re.sub(r"ies$", "y", verb) if verb.endswith("ies") else re.sub(r"(?<=^do)es$|s$", "", verb)
    return " ".join([verb, *more])
