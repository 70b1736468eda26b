"""What the model cannot answer: it says so, and what it can."""

from __future__ import annotations

from random import Random

from demo.text import words
from demo.text.conversation import Language, Turn
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask, say

_QUESTIONS = read_patterns("unknown")["questions"]
ANSWERS = {
    "en": "I do not know that: I am only a small demo model. I can explain Qingmo, calculate, convert units, "
    "write verses and small Python functions, and answer from a passage.",
    "zh": "这个我不知道：我只是个小小的演示模型。我会介绍轻模、算术、单位换算、写诗和小的 Python 函数，"
    "也能根据一段文字回答。",
}
SHORT = {"en": "I do not know that, I am only a small demo model.", "zh": "我不知道，我只是演示模型。"}


def turn(rng: Random, language: Language) -> Turn:
    return Turn(question(rng, language), ANSWERS[language])


def question(rng: Random, language: Language) -> str:
    subject = rng.choice([words.noun, words.person, words.city])(rng, language)
    return ask(rng, _QUESTIONS[language], language, n=subject, y=rng.randint(900, 2030))


def short(rng: Random, language: Language) -> Turn:
    return Turn(question(rng, language), say(rng, SHORT[language]))
