"""What surrounds the choices of every answer: its id, what it is, when, by which model, and the counts of tokens."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

from qingmo.server.usage import Usage


def to_json(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


class Envelope:
    """The same around each chunk of a stream, so its bytes are made once.

    kind: OpenAI's `object` of an answer in one piece, and chunk_kind that of a piece. shows_usage: whether the stream
    ends with the counts of tokens.
    """

    def __init__(self, prefix: str, kind: str, chunk_kind: str, model: str, *, shows_usage: bool) -> None:
        self.id = prefix + secrets.token_hex(12)
        self._common = {"id": self.id, "object": kind, "created": int(time.time()), "model": model}
        self._chunk = {**self._common, "object": chunk_kind}
        self._shows_usage = shows_usage
        self._before = b"data: " + to_json(self._chunk)[:-1] + b',"choices":['
        self._after = b'],"usage":null}\n\n' if shows_usage else b"]}\n\n"

    def chunk(self, choice: bytes) -> bytes:
        """One event of a stream. choice: its JSON."""
        return self._before + choice + self._after

    def closing(self, usage: Usage) -> bytes:
        """What a stream ends with, after the last choice."""
        if not self._shows_usage:
            return b"data: [DONE]\n\n"
        counts = {**self._chunk, "choices": [], "usage": usage.tokens(), "timings": usage.timings()}
        return b"data: " + to_json(counts) + b"\n\ndata: [DONE]\n\n"

    def whole(self, choices: list[dict[str, Any]], usage: Usage) -> dict[str, Any]:
        """An answer in one piece."""
        return {**self._common, "choices": choices, "usage": usage.tokens(), "timings": usage.timings()}
