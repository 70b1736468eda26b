"""A sequence's tokens to text as they come: whole characters only, and never a part of a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence


class Detokenizer:
    """The text of one sequence. What `push` and `finish` return joins to the decoded whole, up to a stop string.

    token_bytes: the bytes of a token, b"" for one that is not shown.
    stop: strings that end the text, none empty. The one that is complete first ends it, the longest where several
    end at the same character; so the result does not depend on where tokens begin.
    """

    stopped: str | None = None
    """The stop string that was found. The text ends before it, and further tokens give nothing."""

    def __init__(self, token_bytes: Callable[[int], bytes], stop: Sequence[str] = ()) -> None:
        self._token_bytes = token_bytes
        # Incomplete characters wait in the decoder; bytes that can become none turn into U+FFFD.
        self._utf8 = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._matcher = _StopMatcher(stop) if stop else None
        self._held = ""  # decoded, and the beginning of a stop string as far as is known

    def push(self, token_id: int, match_stop: bool = True) -> str:
        """The text that is certain now. match_stop=False, while the sequence is shorter than min_tokens: no stop
        string may include any of this token's text or of what came before."""
        return self._emit(self._utf8.decode(self._token_bytes(token_id)), match_stop)

    def finish(self) -> str:
        """The text held back, once the sequence has ended otherwise than by a stop string."""
        last = self._emit(self._utf8.decode(b"", final=True), match_stop=True)
        held, self._held = self._held, ""
        return last + held

    def _emit(self, text: str, match_stop: bool) -> str:
        if self.stopped is not None:
            return ""
        if self._matcher is None:
            return text
        if not match_stop:
            self._matcher.reset()
            text, self._held = self._held + text, ""
            return text
        return self._match(self._matcher, text)

    def _match(self, matcher: _StopMatcher, text: str) -> str:
        begin = len(self._held)
        text = self._held + text
        for end in range(begin, len(text)):
            self.stopped = matcher.advance(text[end])
            if self.stopped is not None:
                self._held = ""
                return text[: end + 1 - len(self.stopped)]
        certain = len(text) - matcher.depth
        self._held = text[certain:]
        return text[:certain]


class _StopMatcher:
    """Aho and Corasick's automaton (1975) over the stop strings: constant time a character, however many there are."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._depth = [0]
        self._found: list[str | None] = [None]
        for string in stop:
            self._add(string)
        self._fail = [0] * len(self._next)
        self._link()
        self._state = 0

    @property
    def depth(self) -> int:
        """How many of the last characters could be the beginning of a stop string."""
        return self._depth[self._state]

    def reset(self) -> None:
        self._state = 0

    def advance(self, character: str) -> str | None:
        """Read one character; the longest stop string that ends with it, if any."""
        self._state = self._step(self._state, character)
        return self._found[self._state]

    def _step(self, state: int, character: str) -> int:
        while state and character not in self._next[state]:
            state = self._fail[state]
        return self._next[state].get(character, 0)

    def _add(self, string: str) -> None:
        state = 0
        for character in string:
            if character not in self._next[state]:
                self._next[state][character] = len(self._next)
                self._next.append({})
                self._depth.append(self._depth[state] + 1)
                self._found.append(None)
            state = self._next[state][character]
        self._found[state] = string

    def _link(self) -> None:
        """Breadth first, so that a state's failure link is known before its children's."""
        queue = list(self._next[0].values())
        for state in queue:
            for character, child in self._next[state].items():
                self._fail[child] = self._step(self._fail[state], character)
                self._found[child] = self._found[child] or self._found[self._fail[child]]
                queue.append(child)
