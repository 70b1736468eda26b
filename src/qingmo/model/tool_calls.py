"""Tool calls in the text of an answer, as Qwen2.5 was taught to write them:

    <tool_call>
    {"name": "get_weather", "arguments": {"city": "北京"}}
    </tool_call>

Small models often leave out the marks, or put the object into a ```json fence. A line that begins with such an object,
naming a tool there is, is a call too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

CALL_BEGIN = "<tool_call>"
CALL_END = "</tool_call>"
_HEAD = re.compile(r'\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"(?:arguments|parameters)"\s*:\s*(?=\{)')
_LONGEST_HEAD = 512  # characters: a name of 128, some of them escaped, and white space


@dataclass(frozen=True, slots=True)
class Content:
    """A piece of the answer's text that belongs to no call."""

    text: str


@dataclass(frozen=True, slots=True)
class CallBegin:
    """A call has begun, the `index`th of the answer."""

    index: int
    name: str


@dataclass(frozen=True, slots=True)
class CallArguments:
    """A piece of a call's arguments, which joined are JSON."""

    index: int
    text: str


Piece = Content | CallBegin | CallArguments


class ToolCallParser:
    """Takes one answer apart as it comes. names: the tools there are.

    Held back until it is clear what it is: what could be the beginning of a call, a call without marks, and white
    space, of which none is given out before a call. An answer without calls is given out as it is.
    """

    def __init__(self, names: Collection[str]) -> None:
        self._names = tuple(json.dumps(name, ensure_ascii=False) for name in names)
        self._read: Callable[[list[Piece]], bool] = self._read_text
        self._text = ""  # not read yet
        self._space = ""  # read, and held back
        self._line_begins = True
        self._fence_open = False
        self._arguments = ObjectEnd()
        self.calls = 0  # begun so far

    def push(self, text: str) -> list[Piece]:
        """What is certain now."""
        self._text += text
        pieces: list[Piece] = []
        while self._text and self._read(pieces):
            pass
        return pieces

    def finish(self) -> list[Piece]:
        """What was held back, once the answer has ended."""
        held = self._text if self._read == self._read_text and not self._fence_open else ""
        if self._read == self._read_head:
            held = CALL_BEGIN + self._text
        pieces: list[Piece] = []
        self._give(held, pieces)
        if self._space and not self.calls:
            pieces.append(Content(self._space))
        return pieces

    # What is being read. Each takes what it can from the text, and returns False where it needs more of it.

    def _read_text(self, pieces: list[Piece]) -> bool:
        if self._fence_open and not self._skip_fence():
            return False
        if self._line_begins:
            bare = _read_bare_call(self._text, self._names)
            if bare is None:
                return False
            self._line_begins = False
            if isinstance(bare, BareCall):
                self._call_bare(bare, pieces)
                return True
        line, newline, _ = self._text.partition("\n")
        before, mark, _ = line.partition(CALL_BEGIN)
        if mark:
            self._give(before, pieces)
            self._text = self._text[len(before) + len(mark) :]
            self._read = self._read_head
        elif newline:
            self._give(line + newline, pieces)
            self._text = self._text[len(line) + 1 :]
            self._line_begins = True
        else:
            kept = _common(line, CALL_BEGIN)
            self._give(line[: len(line) - kept], pieces)
            self._text = line[len(line) - kept :]
            return False
        return True

    def _read_head(self, pieces: list[Piece]) -> bool:
        head = _HEAD.match(self._text)
        if head is None and len(self._text) < _LONGEST_HEAD and CALL_END not in self._text:
            return False
        if head is None or head[1] not in self._names:
            self._give(CALL_BEGIN, pieces)
            self._read = self._read_text
            return True
        self._begin(json.loads(head[1]), pieces)
        self._text = self._text[head.end() :]
        self._arguments = ObjectEnd()
        self._read = self._read_arguments
        return True

    def _read_arguments(self, pieces: list[Piece]) -> bool:
        end = self._arguments.find(self._text)
        pieces.append(CallArguments(self.calls - 1, self._text if end is None else self._text[:end]))
        self._text = "" if end is None else self._text[end:]
        if end is not None:
            self._read = self._read_tail
        return True

    def _read_tail(self, pieces: list[Piece]) -> bool:
        _, mark, after = self._text.partition(CALL_END)
        if not mark:
            return False
        self._text, self._line_begins = after, True
        self._read = self._read_text
        return True

    # What is given out

    def _give(self, text: str, pieces: list[Piece]) -> None:
        text = self._space + text
        shown = text.rstrip()
        self._space = text[len(shown) :]
        if shown:
            pieces.append(Content(shown))

    def _begin(self, name: str, pieces: list[Piece]) -> None:
        self._space = ""
        pieces.append(CallBegin(self.calls, name))
        self.calls += 1

    def _call_bare(self, call: BareCall, pieces: list[Piece]) -> None:
        self._begin(call.name, pieces)
        pieces.append(CallArguments(self.calls - 1, call.arguments))
        self._text, self._fence_open, self._line_begins = call.rest, call.fenced, True

    def _skip_fence(self) -> bool:
        """Drop the end of a fence. False where it may still come."""
        text = self._text.lstrip()
        if len(text) < 3 and "```".startswith(text):
            return False
        self._text, self._fence_open = text.removeprefix("```"), False
        return True


def split_calls(answer: str, names: Collection[str]) -> tuple[str, list[tuple[str, str]]]:
    """An answer's content, and its calls of the tools there are: their names and arguments, JSON."""
    parser = ToolCallParser(names)
    content, calls = "", list[tuple[str, str]]()
    for piece in [*parser.push(answer), *parser.finish()]:
        if isinstance(piece, Content):
            content += piece.text
        elif isinstance(piece, CallBegin):
            calls.append((piece.name, ""))
        else:
            name, arguments = calls[-1]
            calls[-1] = name, arguments + piece.text
    return content, calls


class ObjectEnd:
    """Finds the end of a JSON object that comes in pieces."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def find(self, text: str) -> int | None:
        """The index behind the object's last character; None where the next piece goes on with it."""
        for index, character in enumerate(text):
            if self._escaped:
                self._escaped = False
            elif self._in_string:
                self._escaped = character == "\\"
                self._in_string = character != '"'
            elif character == '"':
                self._in_string = True
            else:
                self._depth += (character in "{[") - (character in "}]")
                if not self._depth:
                    return index + 1
        return None


@dataclass(frozen=True, slots=True)
class BareCall:
    """A call without marks at the beginning of a text."""

    name: str
    arguments: str  # JSON
    rest: str  # of the text
    fenced: bool


def _read_bare_call(text: str, names: tuple[str, ...]) -> BareCall | bool | None:
    """A call at the beginning of a text; False: there is none; None: it takes more text to tell. names: as JSON."""
    text = text.lstrip()
    fence = next((f for f in ("```json", "```") if text.startswith(f)), "")
    body = text[len(fence) :].lstrip()
    if fence != "```json" and "```json".startswith(text):
        return None
    looks_like_one = _begins_like_a_call(body, names)
    if not looks_like_one:
        return looks_like_one
    try:
        value, end = json.JSONDecoder().raw_decode(body)
    except ValueError:
        return None
    arguments = value.get("arguments", value.get("parameters"))
    if not isinstance(arguments, dict):
        return False
    return BareCall(value["name"], json.dumps(arguments, ensure_ascii=False), body[end:], bool(fence))


def _begins_like_a_call(text: str, names: tuple[str, ...]) -> bool | None:
    """Whether a text begins like {"name": "a known tool"; None where it ends too soon to tell."""
    for expected in (("{",), ('"name"',), (":",), names):
        text = text.lstrip()
        found = next((option for option in expected if text.startswith(option)), None)
        if found is None:
            return None if any(option.startswith(text) for option in expected) else False
        text = text[len(found) :]
    return True


def _common(text: str, mark: str) -> int:
    """How many characters at a text's end could be the beginning of a mark."""
    return next((n for n in range(min(len(text), len(mark) - 1), 0, -1) if mark.startswith(text[-n:])), 0)
