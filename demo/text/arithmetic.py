"""Kind 4: sums and differences up to 200, the times table to twelve, and division from it."""

from __future__ import annotations

from random import Random

from demo.text.conversation import Language, Turn
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask
from demo.text.words import number_word

_SIGNS = {"+": "[+| + |+| ＋ ]", "-": "[-| - | − |-]", "*": "[*| * | × |×|x| x ]", "/": "[/| / | ÷ |÷]"}
_PATTERNS = read_patterns("arithmetic")
_NAMES = {"+": "plus", "-": "minus", "*": "times", "/": "divided"}
_WORDS = {
    "en": {
        "+": "[plus|plus|and|added to]",
        "-": "[minus|minus|less|take away]",
        "*": "[times|times|multiplied by]",
        "/": "[divided by|over]",
    },
    "zh": {"+": "[加|加上|加|与]", "-": "[减|减去]", "*": "[乘|乘以|乘上]", "/": "[除以]"},
}
_ANSWER_SIGN = {"+": "+", "-": "-", "*": "×", "/": "÷"}


def problem(rng: Random) -> tuple[int, str, int, int]:
    """a, sign, b and the result, a whole number from 0 to 200; a few more small ones."""
    sign = rng.choice("+++++---**/")
    if sign == "+":
        total = rng.randint(0, 200) if rng.random() < 0.8 else rng.randint(0, 30)
        a = rng.randint(0, total)
        return a, sign, total - a, total
    if sign == "-":
        a = rng.randint(0, 200) if rng.random() < 0.8 else rng.randint(0, 30)
        b = rng.randint(0, a)
        return a, sign, b, a - b
    a, b = rng.randint(1, 12), rng.randint(1, 12)
    return (a, sign, b, a * b) if sign == "*" else (a * b, sign, b, a)


def turn(rng: Random, language: Language) -> Turn:
    a, sign, b, result = problem(rng)
    return Turn(question(rng, language, a, sign, b), f"{a} {_ANSWER_SIGN[sign]} {b} = {result}")


def question(rng: Random, language: Language, a: int, sign: str, b: int) -> str:
    section = f"special {_NAMES[sign]}" if rng.random() < 0.3 else "questions"
    forms = _PATTERNS[section][language]
    if rng.random() < 0.1 and max(a, b) <= 20:
        forms = [form for form in forms if "@" not in form]  # words beside words, not beside signs
        slots = {"a": number_word(a, language), "b": number_word(b, language)}
    else:
        slots = {"a": str(a), "b": str(b)}
    forms = [form.replace("@", _SIGNS[sign]).replace("#", _WORDS[language][sign]) for form in forms]
    return ask(rng, forms, language, **slots)
