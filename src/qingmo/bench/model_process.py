"""The process of a model under test: an engine, asked through a pipe. It holds nothing else, so its memory is that of
the product."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from qingmo.bench.limits import CACHED_BYTES, Probe, Work
from qingmo.bench.plan import Point
from qingmo.bench.subject import Answer, Facts, Speed
from qingmo.bench.workload import Messages, random_texts
from qingmo.config import BLOCK_SIZE, EngineConfig
from qingmo.engine.build import LoadedModel, build_engine
from qingmo.engine.runner import kv_block_bytes, kv_cache_dtype
from qingmo.errors import QingmoError
from qingmo.sampling_params import SamplingParams

HEAD_START = 64
"""Tokens that a sequence may be ahead of the last to begin. What the prefix cache lacks of each prompt is a block, so
that many begin within a few steps; 64 are enough where a step has time for 8 rows."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Sent while the model is loaded: what is being done, done, in all."""

    doing: str
    done: int
    total: int


def run(
    connection: Connection, config: EngineConfig, demo_if_unreachable: bool, prepare: Callable[[], None] | None
) -> None:
    """Load the model and send its Facts, then answer (method, arguments) with what it gives, or the error it raises.

    Ends when the other end is closed. prepare: called first; sets up what shows the log.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the other process closes the pipe
    if prepare is not None:
        prepare()
    try:
        model = _load(connection, config, demo_if_unreachable)
        while True:
            method, arguments = connection.recv()
            connection.send(_result(getattr(model, method), arguments))
    except (EOFError, BrokenPipeError):
        return


def _load(connection: Connection, config: EngineConfig, demo_if_unreachable: bool) -> ModelUnderTest:
    def report(doing: str, done: int, total: int) -> None:
        connection.send(Progress(doing, done, total))

    try:
        loaded = build_engine(config, report, demo_if_unreachable=demo_if_unreachable)
    except QingmoError as error:
        connection.send(error)
        raise EOFError from error
    model = ModelUnderTest(loaded, config)
    connection.send(model.facts)
    return model


def _result(call: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return call(*arguments)
    except QingmoError as error:
        return error


class ModelUnderTest:
    """A loaded model as a Subject."""

    def __init__(self, loaded: LoadedModel, config: EngineConfig) -> None:
        self._loaded = loaded
        self._config = config
        self._engine = loaded.engine
        block_bytes = kv_block_bytes(loaded.packed.config, kv_cache_dtype(loaded.packed))
        self._work = Work.of(loaded.packed, block_bytes)
        folder = Path(loaded.model)
        self.facts = Facts(
            folder.resolve().name if folder.is_dir() else loaded.model,
            {
                "weights": f"{loaded.packed.kind}, {loaded.packed.file_size / 1e6:,.0f} MB",
                "instruction set": loaded.runner.isa,
                "threads": str(loaded.threads),
            },
        )

    def ask(self, messages: Messages, max_tokens: int) -> Answer:
        """See Subject."""
        begin = time.perf_counter()
        prompt = self._loaded.prompts.encode_chat(messages)
        self._engine.add_request(prompt, SamplingParams(temperature=0, max_tokens=max_tokens))
        arrivals = []
        while self._engine.has_work:
            outputs = self._engine.step()
            arrivals += [time.perf_counter()] * len(outputs)
        return Answer(arrivals[0] - begin, arrivals[-1] - begin, len(arrivals))

    def fits(self, point: Point, new_tokens: int) -> bool:
        """See Subject."""
        longest = point.prompt_tokens + new_tokens + HEAD_START
        blocks = point.batch * -(-longest // BLOCK_SIZE)
        config = self._config
        return (
            longest < config.max_model_len and blocks <= self._loaded.num_blocks and point.batch <= config.max_num_seqs
        )

    def work(self, point: Point, new_tokens: int, seed: int) -> Speed:
        """See Subject."""
        prompts = self._prompts(point, seed)
        before = self._probe()
        prefill, decode = self._prefill(prompts), self._decode(prompts, new_tokens)
        probe = _between(before, self._probe())
        context = point.prompt_tokens + new_tokens / 2
        return Speed(
            prefill=point.batch * point.prompt_tokens / prefill,
            decode=point.batch * new_tokens / decode,
            prefill_limit=self._work.prefill_limit(point.batch, point.prompt_tokens, probe),
            decode_limit=self._work.decode_limit(point.batch, context, probe),
            probe=probe,
        )

    def _prefill(self, prompts: list[list[int]]) -> float:
        """Seconds until the last of the prompts has its first token."""
        begin = time.perf_counter()
        self._add(prompts, SamplingParams.greedy(max_tokens=1))
        while self._engine.has_work:
            self._engine.step()
        return time.perf_counter() - begin

    def _decode(self, prompts: list[list[int]], new_tokens: int) -> float:
        """Seconds of new_tokens steps that give each of the prompts, which are in the prefix cache, one more token."""
        params = SamplingParams.greedy(max_tokens=self._config.max_model_len, ignore_eos=True)
        requests = self._add(prompts, params)
        waiting = set(requests)
        while waiting:
            waiting -= {output.request_id for output in self._engine.step()}
        begin = time.perf_counter()
        for _ in range(new_tokens):
            self._engine.step()
        end = time.perf_counter()
        for request in requests:
            self._engine.abort(request)
        return end - begin

    def _add(self, prompts: list[list[int]], params: SamplingParams) -> list[int]:
        return [self._engine.add_request(prompt, params) for prompt in prompts]

    def _prompts(self, point: Point, seed: int) -> list[list[int]]:
        """Every character is a token at least."""
        texts = random_texts(point.batch, point.prompt_tokens, seed)
        return [self._loaded.tokenizer.encode(text)[: point.prompt_tokens] for text in texts]

    def _probe(self) -> Probe:
        runner, packed = self._loaded.runner, self._loaded.packed
        large = packed.file_size >= CACHED_BYTES
        return Probe(
            multiply_adds=runner.multiply_add_rate("float32" if packed.quantization == "none" else "int8"),
            bandwidth=packed.file_size / runner.read_weights() if large else None,
        )


def _between(before: Probe, after: Probe) -> Probe:
    """The mean of two: the machine may have slowed down or recovered meanwhile."""
    bandwidth = (before.bandwidth + after.bandwidth) / 2 if before.bandwidth and after.bandwidth else None
    return Probe((before.multiply_adds + after.multiply_adds) / 2, bandwidth)
