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
    "zh": {"+": "[加|加上|加|与]", "-": "[减|减去]", "*": "[乘|乘以|乘上]", "/": "除以"},
}
_HARD = 0.4  # of sums and differences are drawn until they carry or borrow
_ANSWER_SIGN = {"+": "+", "-": "-", "*": "×", "/": "÷"}


def problem(rng: Random) -> tuple[int, str, int, int]:
    """a, sign, b and the result, a whole number from 0 to 200; what must be carried or borrowed comes more often."""
    sign = rng.choice("++++------**//")
    made = _drawn(rng, sign)
    hard = sign in "+-" and rng.random() < _HARD
    while hard and not carries(*made):
        made = _drawn(rng, sign)
    return made


def carries(a: int, sign: str, b: int, result: int) -> bool:
    """Whether the ones of a sum spill into its tens, or those of a difference must be borrowed."""
    return a % 10 + b % 10 > 9 if sign == "+" else a % 10 < b % 10


def _drawn(rng: Random, sign: str) -> tuple[int, str, int, int]:
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
    section = f"special {_NAMES[sign]}" if rng.random() < 0.4 else "questions"
    forms = _PATTERNS[section][language]
    if rng.random() < 0.12 and max(a, b) < 100:
        forms = [form for form in forms if "@" not in form]  # words beside words, not beside signs
        slots = {"a": number_word(a, language), "b": number_word(b, language)}
    else:
        slots = {"a": str(a), "b": str(b)}
    form = rng.choice(forms).replace("@", _SIGNS[sign]).replace("#", _WORDS[language][sign])
    return ask(rng, [form], language, **slots)
