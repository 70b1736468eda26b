"""The engine: requests in, one token of each answer out per step. It joins policy, arithmetic and text."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from qingmo.config import BLOCK_SIZE, EngineConfig
from qingmo.engine.admission import check_length, check_logit_bias, check_prompt, has_token
from qingmo.engine.batch import make_batch
from qingmo.engine.constraint import Constraint
from qingmo.engine.detokenizer import Detokenizer
from qingmo.engine.grammar import Grammar
from qingmo.engine.grammar_compiler import GrammarCompiler, TextVocabulary
from qingmo.engine.kv_cache import KVCache, root_hash
from qingmo.engine.masks import TokenMasks
from qingmo.engine.runner import Runner, SampledToken, SampleRow
from qingmo.engine.scheduler import Chunk, Scheduler
from qingmo.engine.scoring import prompt_logits
from qingmo.engine.sequence import Answer, FinishReason, Request, Sequence
from qingmo.sampling_params import SamplingParams, resolve


class Vocabulary(TextVocabulary, Protocol):
    """What the engine needs of a tokenizer."""

    def valid_token_mask(self, vocab_size: int) -> np.ndarray:
        """uint32 [(vocab_size + 31) // 32]; bit i of word i // 32 set where id i has a token."""


NO_TOKEN = -1


@dataclass(frozen=True, slots=True)
class TokenOutput:
    """One new token of one answer. The last of an answer carries its finish reason."""

    request_id: int
    choice: int
    token_id: int  # NO_TOKEN where the answer was cut off ("abort")
    text: str  # new text, safe to show; may be "" while a character or a stop string is incomplete
    finish_reason: FinishReason | None
    cached_prompt_tokens: int  # of the prompt, how many were found in the prefix cache
    logprob: float | None = None
    top_logprobs: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Load:
    """How things stand after a step."""

    queue: tuple[int, ...]  # requests not begun, in the order in which they would begin if none joined them
    prompt_progress: tuple[tuple[int, int], ...]  # (request, its tokens computed) of prompts the last step worked on
    preemptions: int  # since the start
    kv_blocks_used: int  # held by sequences
    kv_blocks_cached: int  # held by none, but findable by content
    kv_blocks_total: int


class Engine:
    """Serves any number of requests at once. Not for use from two threads at once: its owner holds a lock.

    soft_blocks: see KVCache.
    """

    def __init__(
        self,
        runner: Runner,
        vocabulary: Vocabulary,
        *,
        config: EngineConfig,
        eos_token_ids: Iterable[int] = (),
        generation_config: Mapping[str, Any] | None = None,
        soft_blocks: int | None = None,
    ) -> None:
        self._runner = runner
        self._vocabulary = vocabulary
        self._config = config
        self._generation_config = generation_config or {}
        self._eos = frozenset(eos_token_ids)
        self._valid = has_token(vocabulary.valid_token_mask(runner.vocab_size), runner.vocab_size)
        self._grammars = GrammarCompiler(vocabulary, runner.vocab_size, self._eos)
        self._masks = TokenMasks(runner.vocab_size, self._eos)
        self._cache = KVCache(runner.num_blocks, soft_blocks)
        self._scheduler = Scheduler(
            self._cache,
            max_num_seqs=config.max_num_seqs,
            max_batched_tokens=config.max_batched_tokens,
            keep_blocks=config.enable_prefix_caching,
        )
        self._requests: dict[int, Request] = {}
        self._answers: dict[Sequence, Answer] = {}
        self._prompt_progress: tuple[tuple[int, int], ...] = ()
        self._ids = count()
        self._orders = count()

    @property
    def has_work(self) -> bool:
        """Whether `step` has anything to do."""
        return self._scheduler.has_work

    @property
    def preemptions(self) -> int:
        """How often a sequence gave its KV blocks back and started over, since the start."""
        return self._scheduler.preemptions

    def add_request(
        self,
        prompt: Iterable[int],
        params: SamplingParams | None = None,
        *,
        client: str = "",
        cache_salt: str = "",
        grammar: Grammar | None = None,
        constraint: Callable[[], Constraint] | None = None,
    ) -> int:
        """Queue a request and return its id; `step` does the rest.

        client: prompts are served round-robin between clients. cache_salt: prefixes are shared only under equal
        salts. grammar: what each answer must look like. constraint: the same by other means; makes one for each answer.
        Raises InvalidRequestError, PromptTooLongError or, for a grammar where llguidance is not there,
        UnsupportedError, and then nothing was queued.
        """
        request = self.prepare(
            prompt, params, client=client, cache_salt=cache_salt, grammar=grammar, constraint=constraint
        )
        self.enqueue(request)
        return request.id

    def prepare(
        self,
        prompt: Iterable[int],
        params: SamplingParams | None = None,
        *,
        client: str = "",
        cache_salt: str = "",
        grammar: Grammar | None = None,
        constraint: Callable[[], Constraint] | None = None,
    ) -> Request:
        """The part of `add_request` before the queue. Reads nothing that a step changes: safe beside one.

        A grammar that was not used of late takes a few milliseconds, the first one half a second.
        """
        token_ids = check_prompt(prompt, self._valid)
        check_length(len(token_ids), self._config.max_model_len, self._runner.num_blocks)
        resolved = resolve(params, self._generation_config)
        check_logit_bias(resolved.logit_bias or {}, self._valid)
        constraint = constraint if grammar is None else self._grammars.compile(grammar)
        request = Request(next(self._ids), resolved)
        root, seed = self._root(request.id, cache_salt), self._seed(resolved)
        for choice in range(resolved.n or 1):
            sequence = Sequence(next(self._orders), client, root, list(token_ids), len(token_ids))
            rule = constraint() if constraint else None
            request.answers.append(self._new_answer(request, choice, sequence, seed, rule))
        return request

    def enqueue(self, request: Request) -> None:
        """Queue what `prepare` made, once."""
        self._requests[request.id] = request
        for answer in request.answers:
            self._answers[answer.sequence] = answer
            self._scheduler.add(answer.sequence)

    def abort(self, request_id: int) -> None:
        """Stop a request in whatever state it is; nothing more is reported for it. Unknown ids are ignored."""
        request = self._requests.get(request_id)
        if request is None:
            return
        for answer in request.answers:
            if answer.finish_reason is None:
                self._finish(answer, "abort")

    def abort_all(self) -> list[TokenOutput]:
        """Cut every unfinished answer off: a last output each, with the text held back so far and no token."""
        outputs = []
        for answer in list(self._answers.values()):
            text = answer.detokenizer.finish()
            self._finish(answer, "abort")
            outputs.append(_output(answer, SampledToken(NO_TOKEN), text))
        return outputs

    def step(self) -> list[TokenOutput]:
        """Compute one batch and sample what it allows. [] when there is no work.

        An answer has one new token, or several where its constraint leaves no choice about those that follow it.
        """
        chunks = self._scheduler.schedule()
        self._prompt_progress = self._progress(chunks)
        if not chunks:
            return []
        began = perf_counter()
        self._runner.forward(make_batch(chunks))
        last = [chunk for chunk in chunks if chunk.is_last]
        tokens = self._sample(last)
        self._scheduler.complete(chunks, perf_counter() - began)
        pairs = zip([self._answers[chunk.sequence] for chunk in last], tokens, strict=True)
        return [output for answer, token in pairs for output in self._advance(answer, token)]

    def load(self) -> Load:
        """How things stand after the last step."""
        return Load(
            queue=self._queue(),
            prompt_progress=self._prompt_progress,
            preemptions=self._scheduler.preemptions,
            kv_blocks_used=self._cache.num_blocks - self._cache.available,
            kv_blocks_cached=self._cache.cached,
            kv_blocks_total=self._cache.num_blocks,
        )

    def logits(self, prompt: Iterable[int]) -> np.ndarray:
        """The logits after each token of a prompt, float32 [tokens, vocab_size]. Raises as `add_request` does."""
        token_ids = check_prompt(prompt, self._valid)
        check_length(len(token_ids), self._config.max_model_len, self._runner.num_blocks)
        return prompt_logits(self._runner, self._cache, token_ids, make_room=self._scheduler.preempt_newest)

    def _new_answer(
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

    def _queue(self) -> tuple[int, ...]:
        firsts = (self._answers[sequence] for sequence in self._scheduler.queue())
        return tuple(a.request.id for a in firsts if a.choice == 0 and a.sequence.cached_prompt_tokens is None)

    def _progress(self, chunks: list[Chunk]) -> tuple[tuple[int, int], ...]:
        prompts = (chunk for chunk in chunks if chunk.begin < chunk.sequence.prompt_length)
        answers = ((self._answers[chunk.sequence], chunk.end) for chunk in prompts)
        return tuple((answer.request.id, end) for answer, end in answers if answer.choice == 0)

    def _sample(self, chunks: list[Chunk]) -> list[SampledToken]:
        answers = [self._answers[chunk.sequence] for chunk in chunks]
        rows = [
            SampleRow(output, answer.sampler, answer.sequence.output_length, self._masks.of(answer))
            for output, answer in enumerate(answers)
        ]
        return self._runner.sample(rows) if rows else []

    def _advance(self, answer: Answer, token: SampledToken) -> list[TokenOutput]:
        outputs = [self._append(answer, token)]
        # With log probabilities each forced token takes a step of its own, for its logits.
        while answer.forced and answer.finish_reason is None and answer.request.params.logprobs is None:
            outputs.append(self._append(answer, SampledToken(answer.forced[0])))
        return outputs

    def _append(self, answer: Answer, token: SampledToken) -> TokenOutput:
        answer.sequence.tokens.append(token.token_id)
        answer.sampler.append(token.token_id)
        text, reason = self._read(answer, token.token_id)
        if text:
            answer.pieces.append(text)
        if reason is not None:
            self._finish(answer, reason)
        return _output(answer, token, text)

    def _read(self, answer: Answer, token_id: int) -> tuple[str, FinishReason | None]:
        """The new text a token brings, and whether and why it is the last."""
        params = answer.request.params
        if token_id in self._eos and (answer.constraint is not None or not params.ignore_eos):
            is_complete = answer.constraint is None or answer.constraint.is_complete
            return answer.detokenizer.finish(), "stop" if is_complete else "length"
        if answer.constraint is not None:
            _accept(answer, answer.constraint, token_id)
        long_enough = answer.sequence.output_length >= (params.min_tokens or 0)
        text = answer.detokenizer.push(token_id, match_stop=long_enough)
        if answer.detokenizer.stopped is not None:
            return text, "stop"
        if len(answer.sequence.tokens) >= answer.max_length:
            return text + answer.detokenizer.finish(), "length"
        return text, None

    def _finish(self, answer: Answer, reason: FinishReason) -> None:
        answer.finish_reason = reason
        self._scheduler.finish(answer.sequence)
        del self._answers[answer.sequence]
        if all(other.finish_reason for other in answer.request.answers):
            del self._requests[answer.request.id]

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


def _accept(answer: Answer, constraint: Constraint, token_id: int) -> None:
    constraint.accept(token_id)
    if answer.forced:
        answer.forced.popleft()
    if not answer.forced:
        answer.forced.extend(constraint.forced())


def _output(answer: Answer, token: SampledToken, text: str) -> TokenOutput:
    return TokenOutput(
        answer.request.id,
        answer.choice,
        token.token_id,
        text,
        answer.finish_reason,
        answer.sequence.cached_prompt_tokens or 0,
        token.logprob,
        token.top_logprobs,
    )
