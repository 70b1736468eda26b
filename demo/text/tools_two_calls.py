"""Requests for two things at once, which take two calls in one answer."""

from __future__ import annotations

import re
from random import Random

from demo.text.conversation import Language
from demo.text.phrase import expand
from demo.text.tool_parts import Use
from demo.text.tools_meant import DONE

_LEADS_UP = re.compile(
    r"(hi|hello|hey|please|quick question|excuse me|so|can you tell me|sorry|ok|well|thanks?)\b"
    r"|你好|请问|请告诉我|想问一下|麻烦|那么|对了|问一下|您好|我想知道|好的",
    re.IGNORECASE,
)
_POLITE_END = re.compile(r"([,，]? ?(please|thanks|thank you)|，?谢谢)[.!?。！？]*$", re.IGNORECASE)
_THEN: dict[Language, str] = {
    "en": "[ and |, and |, then | and then |. Also, |. Then |. And |, also ]",
    "zh": "[，|，再|，然后|，还有，|。另外，|，顺便|。再|；]",
}
_AFTER_A_QUESTION: dict[Language, str] = {"en": "? [And |Also, |Then |]", "zh": "？[另外，|还有，|再|]"}


def request(rng: Random, language: Language, first: Use, second: Use) -> str | None:
    """Both requests in one; None where the second begins with words that can only open a message."""
    if _LEADS_UP.match(second.question) or "\n" in first.question + second.question:
        return None
    before = _POLITE_END.sub("", first.question)
    asks = before.endswith(("?", "？"))
    between = expand(rng, (_AFTER_A_QUESTION if asks else _THEN)[language])
    after = second.question
    if language == "en" and between.rstrip(" ")[-1:] not in ("?", "."):
        after = _small(after, second)
    return before.rstrip("?？.。!！ ") + between + after


def _small(question: str, used: Use) -> str:
    """Inside a sentence; a word that is an argument, or that may be a name, stays as it is."""
    word = question.split(" ")[0].rstrip(",.:'")
    given = " ".join(str(value) for value in used.arguments.values())
    if word.startswith("I") or word in given or not word[1:].islower():
        return question
    return question[0].lower() + question[1:]


def answers(language: Language, first: Use, second: Use) -> str:
    """What both responses tell; the same words are not said twice."""
    if {first.answer, second.answer} <= set(DONE[language]):
        return first.answer
    space = " " if language == "en" else ""
    return space.join(dict.fromkeys([first.answer, second.answer]))
