"""From the fields of a request to SamplingParams, and refusals of what this version does not do."""

from __future__ import annotations

from typing import Any

from qingmo.errors import InvalidRequestError
from qingmo.sampling_params import SamplingParams
from qingmo.server.protocol import ChatRequest, CompletionRequest, SamplingFields

_SAME = (
    "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty", "seed",
    "n", "max_new_tokens", "min_tokens", "stop", "ignore_eos",
)  # fmt: skip

_INSTEAD = {"functions": "Use tools instead.", "function_call": "Use tool_choice instead."}


def chat_params(body: ChatRequest) -> SamplingParams:
    """Raises InvalidRequestError naming the field."""
    _check_stream_options(body)
    _refuse_unsupported(body)
    if body.top_logprobs is not None and not body.logprobs:
        raise InvalidRequestError("top_logprobs needs logprobs to be true.", field="top_logprobs")
    logprobs = (body.top_logprobs or 0) if body.logprobs else None
    return _params(body, _max_tokens(body), logprobs)


def completion_params(body: CompletionRequest) -> SamplingParams:
    """Raises InvalidRequestError naming the field."""
    _check_stream_options(body)
    if body.suffix:
        raise InvalidRequestError("suffix: this model continues texts and fills no gaps. Leave it out.", field="suffix")
    if body.best_of is not None and body.best_of != (body.n or 1):
        raise InvalidRequestError(
            f"best_of is {body.best_of}; answers are not ranked, so it must equal n ({body.n or 1}).", field="best_of"
        )
    if body.echo and body.logprobs is not None:
        raise InvalidRequestError(
            "echo together with logprobs: the prompt's own log probabilities are not given. Leave one out.",
            field="echo",
        )
    return _params(body, body.max_tokens, body.logprobs)


def _params(body: SamplingFields, max_tokens: int | None, logprobs: int | None) -> SamplingParams:
    values: dict[str, Any] = {name: getattr(body, name) for name in _SAME}
    bias = None if body.logit_bias is None else {int(token): value for token, value in body.logit_bias.items()}
    return SamplingParams(**values, max_tokens=max_tokens, logprobs=logprobs, logit_bias=bias)


def _max_tokens(body: ChatRequest) -> int | None:
    if None not in (body.max_tokens, body.max_completion_tokens) and body.max_tokens != body.max_completion_tokens:
        raise InvalidRequestError(
            f"max_tokens is {body.max_tokens} and max_completion_tokens is {body.max_completion_tokens}; "
            "they mean the same, give one.",
            field="max_completion_tokens",
        )
    return body.max_tokens or body.max_completion_tokens


def _check_stream_options(body: SamplingFields) -> None:
    if body.stream_options is not None and not body.stream:
        raise InvalidRequestError("stream_options needs stream to be true.", field="stream_options")


def _refuse_unsupported(body: ChatRequest) -> None:
    """Fields that would change the answer, and so must not be passed over. What asks for nothing special may pass."""
    harmless: dict[str, tuple[object, ...]] = {
        "functions": (None, []),
        "function_call": (None, "none", "auto"),
        "audio": (None,),
        "web_search_options": (None,),
    }
    for name, values in harmless.items():
        if getattr(body, name) not in values:
            instead = _INSTEAD.get(name, "Leave it out.")
            raise InvalidRequestError(f"{name}: this version answers in text alone. {instead}", field=name)
