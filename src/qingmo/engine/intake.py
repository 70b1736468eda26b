"""From a prompt and its parameters to a request that may be queued, or to a refusal."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any, Protocol

import numpy as np

from qingmo.config import BLOCK_SIZE, EngineConfig
from qingmo.engine.admission import check_length, check_logit_bias, check_prompt, has_token
from qingmo.engine.constraint import Constraint
from qingmo.engine.detokenizer import Detokenizer
from qingmo.engine.grammar import Grammar
from qingmo.engine.grammar_compiler import GrammarCompiler, TextVocabulary
from qingmo.engine.kv_cache import root_hash
from qingmo.engine.runner import Runner
from qingmo.engine.sequence import Answer, Request, Sequence
from qingmo.sampling_params import SamplingParams, resolve


class Vocabulary(TextVocabulary, Protocol):
    """What the engine needs of a tokenizer."""

    def valid_token_mask(self, vocab_size: int) -> np.ndarray:
        """uint32 [(vocab_size + 31) // 32]; bit i of word i // 32 set where id i has a token."""


class Intake:
    """Makes requests. Reads nothing that a step changes, so it may work beside one."""

    def __init__(
        self,
        runner: Runner,
        vocabulary: Vocabulary,
        config: EngineConfig,
        eos_token_ids: frozenset[int],
        generation_config: Mapping[str, Any],
    ) -> None:
        self._runner = runner
        self._vocabulary = vocabulary
        self._config = config
        self._generation_config = generation_config
        self._valid = has_token(vocabulary.valid_token_mask(runner.vocab_size), runner.vocab_size)
        self._grammars = GrammarCompiler(vocabulary, runner.vocab_size, eos_token_ids)
        self._ids = count()
        self._orders = count()

    def prompt(self, prompt: Iterable[int]) -> list[int]:
        """The prompt's ids. Raises InvalidRequestError or PromptTooLongError."""
        token_ids = check_prompt(prompt, self._valid)
        check_length(len(token_ids), self._config.max_model_len, self._runner.num_blocks)
        return token_ids

    def request(
        self,
        prompt: Iterable[int],
        params: SamplingParams | None,
        client: str,
        cache_salt: str,
        grammar: Grammar | None,
        constraint: Callable[[], Constraint] | None,
    ) -> Request:
        """A request with its answers, none of them begun. Parameters and errors: see Engine.add_request."""
        token_ids = self.prompt(prompt)
        resolved = resolve(params, self._generation_config)
        check_logit_bias(resolved.logit_bias or {}, self._valid)
        constraint = constraint if grammar is None else self._grammars.compile(grammar)
        request = Request(next(self._ids), resolved)
        root, seed = self._root(request.id, cache_salt), self._seed(resolved)
        for choice in range(resolved.n or 1):
            sequence = Sequence(next(self._orders), client, root, list(token_ids), len(token_ids))
            rule = constraint() if constraint else None
            request.answers.append(self._answer(request, choice, sequence, seed, rule))
        return request

    def _answer(
        self, request: Request, choice: int, sequence: Sequence, seed: int, constraint: Constraint | None
    ) -> Answer:
        params = request.params
        return Answer(
            request,
            choice,
            sequence,
            self._runner.new_sampler(params, seed, sequence.tokens, choice),
            Detokenizer(self._vocabulary.token_bytes, params.stop or ()),
            constraint,
            self._max_length(sequence.prompt_length, params),
            deque(constraint.forced() if constraint else ()),
        )

    def _root(self, request_id: int, cache_salt: str) -> bytes:
        """Without prefix caching, a root of its own: then only the answers of one request share blocks."""
        root = root_hash(self._runner.fingerprint, 0, cache_salt)
        if self._config.enable_prefix_caching:
            return root
        return root_hash(root, request_id, "")

    def _seed(self, params: SamplingParams) -> int:
        for seed in (params.seed, self._config.seed):
            if seed is not None:
                return seed
        return secrets.randbits(63)

    def _max_length(self, prompt_tokens: int, params: SamplingParams) -> int:
        assert params.max_tokens is not None  # resolved
        room = min(self._config.max_model_len, self._runner.num_blocks * BLOCK_SIZE)
        return min(room, prompt_tokens + params.max_tokens)
