"""The shape of a verse: four lines that hold the words they were asked to hold."""

from __future__ import annotations

import re

from demo.held_out.rules import Rule
from demo.held_out.rules.text import plain

_LONGEST_LINE = 12  # words; what is still a short line


def chinese_verse(*words: str) -> Rule:
    """Four different lines of seven characters each, with punctuation or line ends between."""

    def rule(answer: str) -> str | None:
        lines = [line for line in re.split(r"[，。！？；,.!?;\s]+", _body(answer)) if line]
        wrong = next((line for line in lines if not re.fullmatch(r"[\u3400-\u9fff]{7}", line)), None)
        if wrong is not None:
            return f"{wrong} is no line of seven characters"
        return _four_with(lines, [word for word in words if not any(word in line for line in lines)])

    return rule


def english_verse(*words: str) -> Rule:
    """Four different short lines; a word may stand in its plural."""

    def rule(answer: str) -> str | None:
        lines = [line.strip() for line in _body(answer).splitlines() if line.strip()]
        wrong = next((line for line in lines if not 2 <= len(line.split()) <= _LONGEST_LINE), None)
        if wrong is not None:
            return f"{wrong!r} is no short line"
        text = plain(answer)
        missing = [word for word in words if not re.search(rf"\b{word}(?:e?s|'s)?\b", text, re.IGNORECASE)]
        return _four_with(lines, missing)

    return rule


def _body(answer: str) -> str:
    """Without a title and without words that announce the verse."""
    lines = [re.sub(r"^.*[：:]\s*", "", line) for line in answer.strip().splitlines()]
    return "\n".join(line for line in lines if not re.match(r"\s*[《#*]", line))


def _four_with(lines: list[str], missing: list[str]) -> str | None:
    if len(set(lines)) != 4 or len(lines) != 4:
        return f"has {len(lines)} lines, {len(set(lines))} of them different; 4 are wanted"
    return f"lacks {', '.join(missing)}" if missing else None
