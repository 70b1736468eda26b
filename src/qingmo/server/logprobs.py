"""Log probabilities in the two forms OpenAI's API has: of chat completions, and of text completions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qingmo.completion import TokenLogprob
from qingmo.model.tokenizer import Tokenizer

LEAST = -9999.0
"""Stands for minus infinity, which JSON cannot say; OpenAI's API uses it too."""


def chat_logprobs(tokenizer: Tokenizer, tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
    """{"content": [...]}: for each token its text, bytes, log probability, and the same of the likeliest."""
    content = [
        {**_entry(tokenizer, token.token_id, token.logprob), "top_logprobs": [_entry(tokenizer, *t) for t in token.top]}
        for token in tokens
    ]
    return {"content": content, "refusal": None}


def text_logprobs(tokenizer: Tokenizer, tokens: Sequence[TokenLogprob], offset: int) -> dict[str, Any]:
    """Four lists with an item a token. offset: characters of the answer before the first of them."""
    texts = [_text(tokenizer, token.token_id) for token in tokens]
    offsets = [offset + sum(len(text) for text in texts[:i]) for i in range(len(texts))]
    return {
        "tokens": texts,
        "token_logprobs": [max(token.logprob, LEAST) for token in tokens],
        "top_logprobs": [_by_text(tokenizer, token.top) for token in tokens],
        "text_offset": offsets,
    }


def _entry(tokenizer: Tokenizer, token_id: int, logprob: float) -> dict[str, Any]:
    text = _text(tokenizer, token_id)
    return {
        "token": text,
        "logprob": max(logprob, LEAST),
        "bytes": list(tokenizer.token_bytes(token_id) or text.encode()),
    }


def _by_text(tokenizer: Tokenizer, top: Sequence[tuple[int, float]]) -> dict[str, float]:
    """Of tokens that look the same, such as parts of characters, the likelier one: `top` begins with the likeliest."""
    values: dict[str, float] = {}
    for token_id, value in top:
        values.setdefault(_text(tokenizer, token_id), max(value, LEAST))
    return values


def _text(tokenizer: Tokenizer, token_id: int) -> str:
    """A token by itself; a part of a character shows as U+FFFD."""
    return tokenizer.decode([token_id], skip_special=False)
