"""A chat answer that may call tools, in the form that OpenAI's clients put together again."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from qingmo.completion import CompletionOutput
from qingmo.engine.outputs import TokenOutput
from qingmo.model.tokenizer import Tokenizer
from qingmo.model.tool_calls import CallArguments, CallBegin, Content, Piece, ToolCallParser
from qingmo.server.envelope import to_json
from qingmo.server.formats import ChatFormat


class ToolChatFormat(ChatFormat):
    """names: the tools that the answer may call."""

    def __init__(self, model: str, tokenizer: Tokenizer, names: Sequence[str], *, shows_usage: bool) -> None:
        super().__init__(model, tokenizer, shows_usage=shows_usage)
        self._names = names
        self._parsers: dict[int, ToolCallParser] = {}  # of the choices that are streamed

    def chunk(self, choice: CompletionOutput, output: TokenOutput) -> bytes:
        parser = self._parsers.setdefault(choice.index, ToolCallParser(self._names))
        pieces = parser.push(output.text)
        if output.finish_reason is not None:
            pieces += parser.finish()
        if not pieces and output.finish_reason is None and output.logprob is None:
            return b""
        reason = _reason(parser, output.finish_reason)
        return self._chunk(choice.index, to_json(_delta(pieces))[1:-1], output, reason)

    def whole(self, choice: CompletionOutput) -> dict[str, Any]:
        parser = ToolCallParser(self._names)
        message = _delta([*parser.push(choice.text), *parser.finish()])
        for call in message.get("tool_calls", ()):
            del call["index"]
        return self._whole(choice, message, _reason(parser, choice.finish_reason))


def _reason(parser: ToolCallParser, reason: str | None) -> str | None:
    return "tool_calls" if reason == "stop" and parser.calls else reason


def _delta(pieces: Iterable[Piece]) -> dict[str, Any]:
    """What pieces add to a message: its content, None where they have none, and its calls by index."""
    content = ""
    calls: dict[int, dict[str, Any]] = {}
    for piece in pieces:
        if isinstance(piece, Content):
            content += piece.text
        elif isinstance(piece, CallBegin):
            function = {"name": piece.name, "arguments": ""}
            call_id = f"call_{secrets.token_hex(12)}"
            calls[piece.index] = {"index": piece.index, "id": call_id, "type": "function", "function": function}
        else:
            assert isinstance(piece, CallArguments)
            call = calls.setdefault(piece.index, {"index": piece.index, "function": {"arguments": ""}})
            call["function"]["arguments"] += piece.text
    delta: dict[str, Any] = {"content": content or None}
    return {**delta, "tool_calls": list(calls.values())} if calls else delta
