"""Rules about numbers, in digits or in words of either language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from demo.held_out.rules import Rule
from demo.held_out.rules.text import plain

_SMALL = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
)
_TENS = re.findall(r"\w+", "twenty thirty forty fifty sixty seventy eighty ninety")
_MULTIPLIERS = (10, 100, 1000)
_ENGLISH = {
    **{word: value for value, word in enumerate(_SMALL)},
    **{word: 10 * value for value, word in enumerate(_TENS, start=2)},
    **{"hundred": 100, "thousand": 1000},
}
_CHINESE = {
    **{character: value for value, character in enumerate("零一二三四五六七八九")},
    **{"两": 2, "十": 10, "百": 100, "千": 1000},
}
_ENGLISH_WORD = "|".join(sorted(_ENGLISH, key=len, reverse=True))
_NUMBER = re.compile(
    r"(?P<digits>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
    rf"|\b(?P<english>(?:{_ENGLISH_WORD})(?:(?:[ -]|\s+and\s+)(?:{_ENGLISH_WORD}))*)\b"
    r"|(?P<chinese>[零一二三四五六七八九两十][零一二三四五六七八九两十百千]*)",
    re.IGNORECASE,
)
_COUNTED_FROM = 11  # a smaller one in words may be no number at all: 一共, one of them

_UNITS = {
    "second": r"seconds?|secs?|s|秒钟?",
    "minute": r"minutes?|mins?|分钟|分",
    "hour": r"hours?|hrs?|h|个?小时|个?钟头",
    "day": r"days?|天|日",
    "week": r"weeks?|个?星期|周|个?礼拜",
    "km": r"kilomet(?:er|re)s?|km|公里|千米",
    "m": r"met(?:er|re)s?|m|米",
    "cm": r"centimet(?:er|re)s?|cm|厘米|公分",
    "mm": r"millimet(?:er|re)s?|mm|毫米",
    "kg": r"kilogram(?:me)?s?|kilos?|kg|公斤|千克",
    "g": r"gram(?:me)?s?|g|克",
    "l": r"lit(?:er|re)s?|l|升",
    "ml": r"millilit(?:er|re)s?|ml|毫升",
}


@dataclass(frozen=True, slots=True)
class Number:
    """A number found in a text."""

    value: float
    certain: bool  # not a small one in words, which may be no number
    unit: str | None  # what stands right behind it, a key of _UNITS


def number(expected: float, question: str) -> Rule:
    """It states the number, and none besides that the question did not bring; or it ends with it, after its steps."""
    given = {each.value for each in numbers(question)}

    def rule(answer: str) -> str | None:
        found = numbers(answer)
        if all(each.value != expected for each in found):
            return f"does not say {expected:g}"
        certain = [each.value for each in found if each.certain]
        stray = [value for value in certain if value != expected and value not in given]
        return f"says {stray[0]:g}" if stray and certain[-1] != expected else None

    return rule


def quantity(expected: float, unit: str, question: str) -> Rule:
    """As `number`; and where a unit stands behind the number it is this one. unit: a key of _UNITS."""

    def rule(answer: str) -> str | None:
        for each in numbers(answer):
            if each.value == expected and each.unit not in (None, unit):
                return f"says {expected:g} {each.unit}; {unit} is wanted"
        return number(expected, question)(answer)

    return rule


def numbers(text: str) -> list[Number]:
    """Every number of the text, in order."""
    text = plain(text)
    found = []
    for match in _NUMBER.finditer(text):
        value = _value(match)
        certain = match["digits"] is not None or value >= _COUNTED_FROM
        found.append(Number(value, certain, _unit_at(text, match.end())))
    return found


def _value(match: re.Match[str]) -> float:
    if match["digits"]:
        return float(match["digits"].replace(",", ""))
    if match["english"]:
        return _put_together(_ENGLISH[word] for word in re.findall(r"[a-z]+", match[0].lower()) if word != "and")
    return _put_together(_CHINESE[character] for character in match[0])


def _put_together(parts: Iterable[int]) -> float:
    """One hundred and five, 一百零五: parts add up, and ten, hundred and thousand multiply what stands before them."""
    total = last = 0
    for part in parts:
        if part in _MULTIPLIERS:
            total, last = total + (last or 1) * part, 0
        else:
            last += part
    return float(total + last)


def _unit_at(text: str, position: int) -> str | None:
    for unit, names in _UNITS.items():
        if re.compile(rf"\s*-?(?:{names})(?![A-Za-z])", re.IGNORECASE).match(text, position):
            return unit
    return None
