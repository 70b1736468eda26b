"""The engine: requests in, one token of each answer out per step. It joins policy, arithmetic and text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Any

import numpy as np

from qingmo.config import EngineConfig
from qingmo.engine.batch import make_batch
from qingmo.engine.constraint import Constraint
from qingmo.engine.grammar import Grammar
from qingmo.engine.intake import Intake, Vocabulary
from qingmo.engine.kv_cache import KVCache
from qingmo.engine.masks import TokenMasks
from qingmo.engine.outputs import NO_TOKEN, Load, TokenOutput
from qingmo.engine.runner import Runner, SampledToken, SampleRow
from qingmo.engine.scheduler import Chunk, Scheduler
from qingmo.engine.scoring import prompt_logits
from qingmo.engine.sequence import Answer, FinishReason, Request, Sequence
from qingmo.sampling_params import SamplingParams


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
        self._eos = frozenset(eos_token_ids)
        self._intake = Intake(runner, vocabulary, config, self._eos, generation_config or {})
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
        return self._intake.request(prompt, params, client, cache_salt, grammar, constraint)

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
        token_ids = self._intake.prompt(prompt)
        return prompt_logits(self._runner, self._cache, token_ids, make_room=self._scheduler.preempt_newest)

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
