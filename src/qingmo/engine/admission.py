"""What a request must satisfy before it may enter the engine. Every refusal says which value and what to do."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping

import numpy as np

from qingmo.config import BLOCK_SIZE
from qingmo.errors import InvalidRequestError, PromptTooLongError


def has_token(valid_token_mask: np.ndarray, vocab_size: int) -> np.ndarray:
    """uint32 words of bits -> bool [vocab_size]: which ids have a token."""
    bits = np.unpackbits(valid_token_mask.view(np.uint8), bitorder="little")
    return bits[:vocab_size].astype(bool)


def check_prompt(prompt: Iterable[int], valid: np.ndarray) -> list[int]:
    """The prompt as a list of ids. valid: bool [vocab_size]. Raises InvalidRequestError naming the first bad id."""
    token_ids = _whole_numbers(prompt)
    if not token_ids:
        raise InvalidRequestError("The prompt is empty. Give it at least one token.", field="prompt")
    for index, token in enumerate(token_ids):
        _check_id(token, valid, f"prompt[{index}]", "prompt")
    return token_ids


def check_length(prompt_tokens: int, max_model_len: int, num_blocks: int) -> None:
    """Raises PromptTooLongError, or InvalidRequestError where the KV cache is smaller than --max-model-len."""
    if prompt_tokens >= max_model_len:
        raise PromptTooLongError(prompt_tokens, max_model_len)
    capacity = num_blocks * BLOCK_SIZE
    if prompt_tokens >= capacity:
        raise InvalidRequestError(
            f"The prompt has {prompt_tokens} tokens, but the whole KV cache holds {capacity} and at least one token "
            f"must be left for the answer. Shorten the prompt or raise --kv-cache-memory.",
            field="prompt",
        )


def check_logit_bias(bias: Mapping[int, float], valid: np.ndarray) -> None:
    """valid: bool [vocab_size]. Raises InvalidRequestError naming the first id that has no token."""
    for token in bias:
        _check_id(token, valid, "logit_bias", "logit_bias")


def _whole_numbers(prompt: Iterable[int]) -> list[int]:
    if isinstance(prompt, str | bytes) or not isinstance(prompt, Iterable):
        raise InvalidRequestError(
            f"The prompt is {type(prompt).__name__}; it must be a list of token ids.", field="prompt"
        )
    try:
        return [operator.index(token) for token in prompt]
    except TypeError as error:
        raise InvalidRequestError(
            f"The prompt must be a list of token ids, which are whole numbers ({error}).", field="prompt"
        ) from error


def _check_id(token: int, valid: np.ndarray, where: str, field: str) -> None:
    if not 0 <= token < len(valid):
        raise InvalidRequestError(
            f"{where} has token id {token}; this model's ids go from 0 to {len(valid) - 1}.", field=field
        )
    if not valid[token]:
        raise InvalidRequestError(
            f"{where} has token id {token}, which has no token in this model's vocabulary.", field=field
        )
