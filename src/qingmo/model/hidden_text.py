"""Message text that must stay text, carried through a template as random digits and put back afterwards.

Digits, because templates trim, capitalize and quote what they are given, and none of that changes a digit.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_DIGITS = 8  # of a number's last part, which counts; the stem before it is random


class ControlStrings:
    """The strings of a tokenizer's control tokens, and how to find them."""

    def __init__(self, ids: Mapping[str, int]) -> None:
        self.ids = dict(ids)
        longest_first = sorted(self.ids, key=len, reverse=True)
        pattern = "|".join(re.escape(string) for string in longest_first) or "(?!)"
        self.find = re.compile(f"({pattern})")
        self.longest = len(longest_first[0]) if longest_first else 0
        self.beginnings = {string[:n] for string in self.ids for n in range(1, len(string))}
        self.endings = {string[n:] for string in self.ids for n in range(1, len(string))}


class HiddenText:
    """What is hidden in one prompt. Its numbers are drawn anew each time, so no message can contain one.

    A control string inside a message is hidden; so is the beginning of one where a string ends, and the end of one
    where a string begins, which the template's own text or another message could complete.
    """

    def __init__(self, control: ControlStrings) -> None:
        self._control = control
        self._text_stem, self._ids_stem = (f"{secrets.randbelow(10**36):036d}" for _ in range(2))
        self._numbers: dict[str, str] = {}  # hidden text -> its number
        self._generated: dict[str, tuple[str, Sequence[int]]] = {}  # number -> content with its text hidden, token ids

    def hide(self, value: Any) -> Any:
        """A copy of `value`, plain JSON data, with every string and every key in it safe to render."""
        if isinstance(value, str):
            return self._hide_text(value)
        if isinstance(value, list):
            return [self.hide(item) for item in value]
        if isinstance(value, dict):
            return {self._hide_text(key): self.hide(item) for key, item in value.items()}
        return value

    def stand_in(self, hidden_content: str, token_ids: Sequence[int]) -> str:
        """A number to render in place of `hidden_content`, which becomes `token_ids`."""
        number = f"{self._ids_stem}{len(self._generated):0{_DIGITS}d}"
        self._generated[number] = (hidden_content, token_ids)
        return number

    def without_stand_ins(self, rendered: str) -> str:
        """`rendered` with the content back that each stand-in was given for."""
        for number, (content, _) in self._generated.items():
            rendered = rendered.replace(number, content)
        return rendered

    def encode(self, rendered: str, encode_text: Callable[[str], list[int]]) -> list[int]:
        """The ids of a rendered prompt: control strings in it are the template's own, the runs between are text.

        Each stand-in in it must be whole.
        """
        parts = self._control.find.split(rendered)
        ids = self._encode_run(parts[0], encode_text)
        for control, run in zip(parts[1::2], parts[2::2], strict=True):
            ids.append(self._control.ids[control])
            ids += self._encode_run(run, encode_text)
        return ids

    def _encode_run(self, run: str, encode_text: Callable[[str], list[int]]) -> list[int]:
        text, *marked = run.split(self._ids_stem)
        ids = encode_text(self._put_back(text))
        for part in marked:
            number, text = self._ids_stem + part[:_DIGITS], part[_DIGITS:]
            ids += [*self._generated[number][1], *encode_text(self._put_back(text))]
        return ids

    def _put_back(self, run: str) -> str:
        if self._text_stem in run:
            for text, number in self._numbers.items():
                run = run.replace(number, text)
        return run

    def _hide_text(self, text: str) -> str:
        text = self._control.find.sub(lambda found: self._number(found.group()), text)
        sizes = range(min(self._control.longest, len(text)), 0, -1)
        end = next((n for n in sizes if text[-n:] in self._control.beginnings), 0)
        if end:
            text = text[:-end] + self._number(text[-end:])
        begin = next((n for n in sizes if text[:n] in self._control.endings), 0)
        return self._number(text[:begin]) + text[begin:] if begin else text

    def _number(self, text: str) -> str:
        return self._numbers.setdefault(text, f"{self._text_stem}{len(self._numbers):0{_DIGITS}d}")
