"""Rules about words: each gives a function from an answer to what is wrong with it, None where it is right."""

from __future__ import annotations

import re
from collections.abc import Callable

_SEPARATORS = re.compile(r"[，。！？；、,.!?;\s]+")
_SEVEN = re.compile(r"[\u3400-\u9fff]{7}")
_ANNOUNCEMENT = re.compile(r"^.*[：:]\s*")
_TITLE = re.compile(r"\s*[《#*]")


def names_itself(*names: str) -> Callable[[str], str | None]:
    """One of the names stands in the answer, letter case aside."""

    def rule(answer: str) -> str | None:
        if any(name.casefold() in answer.casefold() for name in names):
            return None
        return f"names none of {', '.join(names)}"

    return rule


def seven_characters(*words: str) -> Callable[[str], str | None]:
    """Four different lines of seven Chinese characters, in which all the words occur.

    A title and words that announce the verse do not count; a line may end with punctuation or with the line.
    """

    def rule(answer: str) -> str | None:
        lines = [line for line in _SEPARATORS.split(_verse(answer)) if line]
        for line in lines:
            if not _SEVEN.fullmatch(line):
                return f"{line} is no line of seven characters"
        if len(lines) != 4 or len(set(lines)) != 4:
            return f"has {len(lines)} lines, {len(set(lines))} of them different, and not 4"
        missing = [word for word in words if not any(word in line for line in lines)]
        return f"lacks {', '.join(missing)}" if missing else None

    return rule


def _verse(answer: str) -> str:
    lines = (_ANNOUNCEMENT.sub("", line) for line in answer.strip().splitlines())
    return "\n".join(line for line in lines if not _TITLE.match(line))
