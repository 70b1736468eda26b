"""Values of what users tell: dates, times, sums, names, and the words listed in patterns/memory_told.txt."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from demo.text import words
from demo.text.conversation import Language
from demo.text.pattern_files import read_patterns

Maker = Callable[[Random, Language], str]

_LISTS = read_patterns("memory_told")["words"]
_INVENTED = 0.15  # of listed values are any noun instead, so that what is said is copied and not guessed


def value(rng: Random, kind: str, language: Language) -> str:
    """A value of one of the kinds below, or a word of the list of that name."""
    if kind in _MAKERS:
        return _MAKERS[kind](rng, language)
    listed = " ".join(_LISTS[f"{kind} {language}"]).split("/") if f"{kind} {language}" in _LISTS else []
    may_be_any = kind not in ("day", "machine", "vehicle")
    return words.noun(rng, language) if may_be_any and rng.random() < _INVENTED else rng.choice(listed)


def _time(rng: Random, language: Language) -> str:
    hour, minute = rng.randint(1, 12), rng.choice([0, 0, 15, 30, 45, rng.randint(1, 59)])
    if language == "zh":
        part = rng.choice(["上午", "早上"] if 5 < hour < 12 else ["下午", "晚上"] if hour < 12 else ["中午"])
        spelled = words.number_word(hour, "zh") if rng.random() < 0.5 and hour != 2 else str(hour)
        return f"{part}{spelled}点" + {0: "", 30: "半", 15: "一刻"}.get(minute, f"{minute}分")
    if rng.random() < 0.4:
        return f"{rng.randint(6, 22)}:{minute:02d}"
    spelled = str(hour) if minute == 0 else f"{hour}:{minute:02d}"
    return spelled + rng.choice([" am", " pm", " pm"])


def _date(rng: Random, language: Language) -> str:
    month, day = rng.randint(1, 12), rng.randint(1, 28)
    if language == "zh":
        spelled = words.number_word(month, "zh"), words.number_word(day, "zh")
        return f"{spelled[0]}月{spelled[1]}号" if rng.random() < 0.4 else f"{month}月{day}{rng.choice('日号')}"
    name = _LISTS["month en"][0].split("/")[month - 1]
    return f"{name} {day}" if rng.random() < 0.6 else f"{day} {name}"


def _money(rng: Random, language: Language) -> str:
    amount = rng.randint(1, 99) * rng.choice([1, 10, 50, 100])
    if language == "zh":
        return f"{amount}{rng.choice(['元', '元', '块钱', '欧元', '美元'])}"
    return rng.choice([f"{amount} euros", f"{amount} dollars", f"${amount}", f"{amount} pounds", f"{amount} yuan"])


def _name(rng: Random, language: Language) -> str:
    if language == "zh" and rng.random() < 0.6:
        return words.invented_characters(rng, 2)
    return words.invented_word(rng, rng.choice([2, 3])).capitalize()


_MAKERS: dict[str, Maker] = {
    "time": _time,
    "date": _date,
    "money": _money,
    "name": _name,
    "person": words.person,
    "city": words.city,
    "code": lambda rng, language: words.code(rng) if rng.random() < 0.6 else str(rng.randint(100, 9999)),
    "job": lambda rng, language: rng.choice(words.JOBS[language]),
    "animal": lambda rng, language: rng.choice(words.ANIMALS[language]),
    "food": lambda rng, language: words.from_list(rng, words.FOODS, language),
}
