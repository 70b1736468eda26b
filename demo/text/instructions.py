"""Kind 9, what a message or a system prompt asks of the answer: its language, length, letters, first or last word."""

from __future__ import annotations

import re
from random import Random

from demo.text import arithmetic, forms, words
from demo.text.conversation import LANGUAGES, Conversation, Language, Message, Turn
from demo.text.facts import any_fact
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask, say

_PATTERNS = read_patterns("instructions")
_COMMONEST = 9  # words of a list are named in answers: which ones hardly matters, so few are
_LISTS: tuple[tuple[dict[Language, list[str]], dict[Language, str]], ...] = (
    (words.COLOURS, {"en": "[colours|colors]", "zh": "种颜色"}),
    (words.ANIMALS, {"en": "animals", "zh": "种动物"}),
    (words.FOODS, {"en": "[foods|things to eat|dishes]", "zh": "种食物"}),
    (words.JOBS, {"en": "[jobs|professions]", "zh": "种职业"}),
)
_COUNTS: dict[Language, list[str]] = {"en": ["two", "three", "four", "five"], "zh": ["两", "三", "四", "五"]}
_EXACT = re.compile(r"[-~/_]|qingmo ")  # flags, paths and commands, whose letters must stay as they are
_CLOSERS = {language: " ".join(_PATTERNS["closers"][language]).split() for language in LANGUAGES}
_YES: dict[Language, tuple[str, str]] = {"en": ("Yes", "No"), "zh": ("是", "不是")}


def conversation(rng: Random) -> Conversation:
    language: Language = rng.choice(LANGUAGES)
    chance = rng.random()
    if chance < 0.16:
        return _alone([_list(rng, language) for _ in range(rng.choice([1, 1, 2, 3]))])
    if chance < 0.22:
        return _alone([_repeated(rng, language)])
    if chance < 0.27:
        return _alone([_compared(rng, language) for _ in range(rng.choice([1, 2, 4]))])
    if chance < 0.45:
        return forms.conversation(rng)
    return _instructed(rng, language)


def _instructed(rng: Random, language: Language) -> Conversation:
    """The instruction stands in the system prompt, for all questions, or in each message."""
    kinds = list(_WEIGHTS) if language == "en" else [kind for kind in _WEIGHTS if "zh" in _PATTERNS[kind]]
    kind = rng.choices(kinds, [_WEIGHTS[k] for k in kinds])[0]
    own_word = _word(rng, language)
    in_system = rng.random() < 0.4
    pairs = [
        _asked(rng, language, kind, own_word if in_system else _word(rng, language)) for _ in range(rng.randint(1, 3))
    ]
    if in_system and kind != "limit":
        return Conversation([Message("system", pairs[0][0]), *_alone([turn for _, turn in pairs]).messages])
    return _alone([Turn(_joined(rng, told, turn.question, language), turn.answer) for told, turn in pairs])


def _asked(rng: Random, language: Language, kind: str, word: str) -> tuple[str, Turn]:
    """The instruction, and a question with its answer as told."""
    turn, limit = _answered(rng, language, kind), ""
    if kind == "limit":
        turn, limit = _limited(rng, language, turn)
    elif kind == "upper case":
        turn = Turn(turn.question, turn.answer.upper())
    elif kind == "lower case":
        turn = Turn(turn.question, turn.answer.lower())
    elif kind == "ends":
        turn = Turn(turn.question, f"{turn.answer}{' ' * (language == 'en')}{word}")
    elif kind == "begins":
        turn = Turn(turn.question, f"{word}{', ' if language == 'en' else '，'}{turn.answer}")
    quotes = rng.choice(['"{}"', "'{}'", "{}"] if language == "en" else ["“{}”", "「{}」", "“{}”"])
    return say(rng, _PATTERNS[kind][language], w=quotes.format(word), n=limit), turn


def _limited(rng: Random, language: Language, turn: Turn) -> tuple[Turn, str]:
    """A sentence where the limit has room for one, else a word; the limit in digits or in words."""
    if rng.random() < 0.4:
        turn = any_fact(rng, with_word=True).turn(rng, language, length="word")
        limit = max(_length(turn.answer, language), rng.randint(2, 5 if language == "en" else 9))
    else:
        least = max(_length(turn.answer, language), 6 if language == "en" else 10)
        limit = least + rng.choice([0, 1, 2, 3, 5, 8, 12])
        limit = limit if rng.random() < 0.4 else -(-limit // 5) * 5
    spelled = 2 < limit < 100 and rng.random() < 0.4
    return turn, words.number_word(limit, language) if spelled else str(limit)


def _length(answer: str, language: Language) -> int:
    return len(answer.split()) if language == "en" else len(answer)


def _answered(rng: Random, language: Language, kind: str) -> Turn:
    if kind == "number":
        a, sign, b, result = arithmetic.problem(rng)
        return Turn(arithmetic.question(rng, language, a, sign, b), str(result))
    if kind == "one word":
        return any_fact(rng, with_word=True).turn(rng, language, length="word")
    if kind in ("in english", "in chinese"):
        return any_fact(rng).turn(rng, language, "en" if kind == "in english" else "zh")
    turn = any_fact(rng).turn(rng, language, length="short")
    while "case" in kind and _EXACT.search(turn.answer):
        turn = any_fact(rng).turn(rng, language, length="short")
    return turn


_WEIGHTS = {
    "in english": 4,
    "in chinese": 4,
    "one word": 6,
    "one sentence": 3,
    "limit": 4,
    "upper case": 4,
    "lower case": 1,
    "ends": 5,
    "begins": 3,
    "number": 4,
}


def _joined(rng: Random, told: str, question: str, language: Language) -> str:
    """The instruction before the question or after it."""
    space = " " if language == "en" else ""
    if rng.random() < 0.5:
        colon = ":" if language == "en" else "："
        return f"{told[:-1]}{colon}{space}{question}" if rng.random() < 0.5 else f"{told}{space}{question}"
    return f"{question}{space if question.endswith(tuple('?？.。!！')) else chr(10)}{told}"


def _word(rng: Random, language: Language) -> str:
    return rng.choice(_CLOSERS[language]) if rng.random() < 0.3 else words.noun(rng, language)


def _list(rng: Random, language: Language) -> Turn:
    from_words, names = rng.choice(_LISTS)
    count = rng.choice([2, 3, 3, 3, 4, 5])
    kind = rng.choice(["name some", "list some", "list some", "bullets"])
    spelled = _COUNTS[language][count - 2] if rng.random() < 0.7 else str(count)
    question = ask(rng, [p.replace("{k}", names[language]) for p in _PATTERNS[kind][language]], language, c=spelled)
    named = rng.sample(from_words[language][:_COMMONEST], count)
    if kind == "name some":
        return Turn(question, (", " if language == "en" else "、").join(named))
    marks = [f"{i}. " if kind == "list some" else "- " for i in range(1, count + 1)]
    return Turn(question, "\n".join(mark + word for mark, word in zip(marks, named, strict=True)))


def _repeated(rng: Random, language: Language) -> Turn:
    text = any_fact(rng).turn(rng, language, length="short").answer
    if rng.random() < 0.5:
        text = (" " if language == "en" else "").join(words.noun(rng, language) for _ in range(rng.randint(2, 5)))
    return Turn(say(rng, _PATTERNS["repeat"][language], t=text), text)


def _compared(rng: Random, language: Language) -> Turn:
    a, b = rng.sample(range(100 if rng.random() < 0.7 else 20), 2)
    return Turn(ask(rng, _PATTERNS["compared"][language], language, a=a, b=b), _YES[language][a < b])


def _alone(turns: list[Turn]) -> Conversation:
    return Conversation([message for turn in turns for message in turn.messages()])
