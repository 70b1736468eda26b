"""How the next token is chosen: one frozen dataclass, and the one function that fills in what a request leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from qingmo.errors import InvalidRequestError

MAX_LOGPROBS = 20
MAX_N = 64
MAX_STOP_STRINGS = 16


def _number(name: str, value: object, low: float, high: float, *, above_low: bool = False) -> None:
    if value is None:
        return
    wanted = f"a number {'above' if above_low else 'from'} {low:g} {'up ' if above_low else ''}to {high:g}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad(name, value, wanted)
    if not low <= value <= high or (above_low and value == low):  # also what is not a number
        raise _bad(name, value, wanted)


def _integer(name: str, value: object, low: int, high: int) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        wanted = f"a whole number from {low} to {high}" if high < 2**31 - 1 else f"a whole number of at least {low}"
        raise _bad(name, value, wanted)


def _bad(name: str, value: object, wanted: str) -> InvalidRequestError:
    return InvalidRequestError(f"{name} is {value!r:.100}; it must be {wanted}.", field=name.partition("[")[0])


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """What a request may say about sampling. None means: not said, see `resolve`.

    temperature         0: the most likely token (after penalties). Otherwise logits are divided by it. [0, 100]
    top_p               keep the fewest most likely tokens that together have this probability. (0, 1]
    top_k               keep this many most likely tokens; 0: all.
    min_p               keep tokens at least this many times as likely as the likeliest. [0, 1]
    repetition_penalty  divide positive and multiply negative logits of tokens already in prompt or output (CTRL,
                        Keskar et al. 2019). (0, 10]; 1: off
    presence_penalty    subtract once from each token already in prompt or output. [-2, 2]
    frequency_penalty   subtract once per occurrence in prompt and output. [-2, 2]
    logit_bias          token id -> added to its logit. [-100, 100]
    seed                equal seeds give equal answers; None: a new one each time. [0, 2**63)
    max_tokens          most tokens of the answer. At least 1. Also accepted as max_new_tokens.
    min_tokens          no end of sequence or stop string before this many.
    stop                strings that end the answer; they are not part of it.
    ignore_eos          go on past the end-of-sequence token.
    logprobs            report the log probability of each token and of this many most likely ones. [0, 20]
    n                   answers per prompt. [1, 64]

    Raises InvalidRequestError naming the field, the value and the range.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: Mapping[int, float] | None = None
    seed: int | None = None
    max_tokens: int | None = None
    max_new_tokens: int | None = None
    min_tokens: int | None = None
    stop: str | tuple[str, ...] | list[str] | None = None
    ignore_eos: bool | None = None
    logprobs: int | None = None
    n: int | None = None

    def __post_init__(self) -> None:
        _number("temperature", self.temperature, 0, 100)
        _number("top_p", self.top_p, 0, 1, above_low=True)
        _integer("top_k", self.top_k, 0, 2**31 - 1)
        _number("min_p", self.min_p, 0, 1)
        _number("repetition_penalty", self.repetition_penalty, 0, 10, above_low=True)
        _number("presence_penalty", self.presence_penalty, -2, 2)
        _number("frequency_penalty", self.frequency_penalty, -2, 2)
        _integer("seed", self.seed, 0, 2**63 - 1)
        _integer("max_tokens", self.max_tokens, 1, 2**31 - 1)
        _integer("max_new_tokens", self.max_new_tokens, 1, 2**31 - 1)
        _integer("min_tokens", self.min_tokens, 0, 2**31 - 1)
        _integer("logprobs", self.logprobs, 0, MAX_LOGPROBS)
        _integer("n", self.n, 1, MAX_N)
        if self.ignore_eos is not None and not isinstance(self.ignore_eos, bool):
            raise _bad("ignore_eos", self.ignore_eos, "true or false")
        self._normalize_logit_bias()
        self._normalize_stop()
        self._normalize_max_tokens()

    @classmethod
    def greedy(cls, **changes: Any) -> SamplingParams:
        """The most likely token each time, with every penalty and filter off."""
        neutral = dict(temperature=0.0, top_p=1.0, top_k=0, min_p=0.0, repetition_penalty=1.0)
        return cls(**{**neutral, "presence_penalty": 0.0, "frequency_penalty": 0.0, **changes})

    def _normalize_max_tokens(self) -> None:
        if self.max_new_tokens is None:
            return
        if self.max_tokens not in (None, self.max_new_tokens):
            raise InvalidRequestError(
                f"max_tokens is {self.max_tokens} and max_new_tokens is {self.max_new_tokens}; "
                f"they mean the same, give one.",
                field="max_new_tokens",
            )
        object.__setattr__(self, "max_tokens", self.max_new_tokens)
        object.__setattr__(self, "max_new_tokens", None)

    def _normalize_logit_bias(self) -> None:
        if self.logit_bias is None:
            return
        if not isinstance(self.logit_bias, Mapping):
            raise _bad("logit_bias", self.logit_bias, "a map of token ids to numbers")
        for token, bias in self.logit_bias.items():
            _integer("logit_bias", token, 0, 2**31 - 1)
            _number(f"logit_bias[{token}]", bias, -100, 100)
        object.__setattr__(self, "logit_bias", dict(self.logit_bias))

    def _normalize_stop(self) -> None:
        if self.stop is None:
            return
        stop = (self.stop,) if isinstance(self.stop, str) else self.stop
        if not isinstance(stop, list | tuple) or not all(isinstance(s, str) and s for s in stop):
            raise _bad("stop", self.stop, "a string or a list of strings, none of them empty")
        if len(stop) > MAX_STOP_STRINGS:
            raise _bad("stop", f"{len(stop)} strings", f"at most {MAX_STOP_STRINGS} strings")
        object.__setattr__(self, "stop", tuple(stop))


QINGMO_DEFAULTS = SamplingParams(temperature=0.7, top_p=0.9, max_tokens=512)
NEUTRAL = SamplingParams.greedy(
    temperature=1.0, logit_bias={}, max_tokens=16, min_tokens=0, stop=(), ignore_eos=False, n=1
)
_FROM_CHECKPOINT = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")


def resolve(request: SamplingParams | None, generation_config: Mapping[str, Any]) -> SamplingParams:
    """Fill every field but seed and logprobs: the request, Qingmo's defaults, the checkpoint's, neutral, in that order.

    generation_config is the content of generation_config.json, {} where there is none.
    Raises InvalidRequestError when values that are fine alone are not together.
    """
    known = {k: generation_config[k] for k in _FROM_CHECKPOINT if generation_config.get(k) is not None}
    layers = (request or SamplingParams(), QINGMO_DEFAULTS, SamplingParams(**known), NEUTRAL)
    values = {f.name: next((v for layer in layers if (v := getattr(layer, f.name)) is not None), None)
              for f in fields(SamplingParams)}  # fmt: skip
    resolved = replace(NEUTRAL, **values)
    assert resolved.min_tokens is not None and resolved.max_tokens is not None
    if resolved.min_tokens > resolved.max_tokens:
        raise InvalidRequestError(
            f"min_tokens is {resolved.min_tokens} but max_tokens is {resolved.max_tokens}; "
            f"lower min_tokens or raise max_tokens.",
            field="min_tokens",
        )
    return resolved
