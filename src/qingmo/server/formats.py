"""The two forms of an answer: a message of a chat, and a text that goes on. Each as one piece and as chunks."""

from __future__ import annotations

from typing import Any, Protocol

from qingmo.completion import CompletionOutput, TokenLogprob
from qingmo.engine.outputs import TokenOutput
from qingmo.model.tokenizer import Tokenizer
from qingmo.server.envelope import Envelope, to_json
from qingmo.server.logprobs import chat_logprobs, text_logprobs


class Format(Protocol):
    """How the choices of an answer are written."""

    envelope: Envelope

    def chunk(self, choice: CompletionOutput, output: TokenOutput) -> bytes:
        """The JSON of a choice's new piece; b"" where an output brought nothing to show."""

    def whole(self, choice: CompletionOutput) -> dict[str, Any]:
        """A choice that has ended."""


class ChatFormat:
    """OpenAI's chat.completion and chat.completion.chunk."""

    def __init__(self, model: str, tokenizer: Tokenizer, *, shows_usage: bool) -> None:
        self.envelope = Envelope(
            "chatcmpl-", "chat.completion", "chat.completion.chunk", model, shows_usage=shows_usage
        )
        self._tokenizer = tokenizer
        self._begun: set[int] = set()  # the choices whose role was said

    def chunk(self, choice: CompletionOutput, output: TokenOutput) -> bytes:
        if not _has_news(output):
            return b""
        return self._chunk(choice.index, b'"content":' + to_json(output.text), output, output.finish_reason)

    def whole(self, choice: CompletionOutput) -> dict[str, Any]:
        return self._whole(choice, {"content": choice.text}, choice.finish_reason)

    def _chunk(self, index: int, delta: bytes, output: TokenOutput, finish_reason: str | None) -> bytes:
        """delta: what stands in it beside the role, as JSON."""
        role = b"" if index in self._begun else b'"role":"assistant",'
        self._begun.add(index)
        return b'{"index":%d,"delta":{%s%s},"logprobs":%s,"finish_reason":%s}' % (
            index,
            role,
            delta,
            self._logprobs(output),
            to_json(finish_reason),
        )

    def _whole(self, choice: CompletionOutput, message: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
        return {
            "index": choice.index,
            "message": {"role": "assistant", **message, "refusal": None},
            "logprobs": None if choice.logprobs is None else chat_logprobs(self._tokenizer, choice.logprobs),
            "finish_reason": finish_reason,
        }

    def _logprobs(self, output: TokenOutput) -> bytes:
        if output.logprob is None:
            return b"null"
        return to_json(chat_logprobs(self._tokenizer, [_token_logprob(output, output.logprob)]))


class TextFormat:
    """OpenAI's text_completion. echoes: for each choice the text that comes before its answer."""

    def __init__(self, model: str, tokenizer: Tokenizer, echoes: list[str], *, shows_usage: bool) -> None:
        self.envelope = Envelope("cmpl-", "text_completion", "text_completion", model, shows_usage=shows_usage)
        self._tokenizer = tokenizer
        self._echoes = echoes
        self._begun: set[int] = set()  # the choices whose echo was said

    def chunk(self, choice: CompletionOutput, output: TokenOutput) -> bytes:
        echo = "" if choice.index in self._begun else self._echoes[choice.index]
        if not _has_news(output) and not echo:
            return b""
        self._begun.add(choice.index)
        return b'{"index":%d,"text":%s,"logprobs":%s,"finish_reason":%s}' % (
            choice.index,
            to_json(echo + output.text),
            self._logprobs(choice, output),
            to_json(output.finish_reason),
        )

    def whole(self, choice: CompletionOutput) -> dict[str, Any]:
        return {
            "index": choice.index,
            "text": self._echoes[choice.index] + choice.text,
            "logprobs": None if choice.logprobs is None else text_logprobs(self._tokenizer, choice.logprobs, 0),
            "finish_reason": choice.finish_reason,
        }

    def _logprobs(self, choice: CompletionOutput, output: TokenOutput) -> bytes:
        if output.logprob is None:
            return b"null"
        offset = len(choice.text) - len(output.text)
        return to_json(text_logprobs(self._tokenizer, [_token_logprob(output, output.logprob)], offset))


def _has_news(output: TokenOutput) -> bool:
    return bool(output.text) or output.finish_reason is not None or output.logprob is not None


def _token_logprob(output: TokenOutput, logprob: float) -> TokenLogprob:
    return TokenLogprob(output.token_id, logprob, output.top_logprobs)
