"""One engine for any number of threads: whoever waits for a token steps for all, so their requests share batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

import numpy as np

from qingmo.engine.engine import Engine
from qingmo.engine.grammar import Grammar
from qingmo.engine.outputs import TokenOutput
from qingmo.errors import QingmoError
from qingmo.sampling_params import SamplingParams

Inbox = deque[TokenOutput]


class SyncEngine:
    """All methods may be called from any thread, also while an iterator of `run` is in use."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Engine | None = engine
        self._inboxes: dict[int, Inbox] = {}  # by request id
        self._turnstile = Lock()
        self._lock = Lock()

    def run(
        self,
        prompts: Sequence[Iterable[int]],
        params: Sequence[SamplingParams | None],
        grammar: Grammar | None = None,
    ) -> Generator[tuple[int, TokenOutput], None, None]:
        """Serve prompts together; (index of the prompt, output) as tokens come, until every answer has ended.

        grammar: what every answer must look like.
        Closing the iterator aborts what is unfinished. Raises as Engine.add_request does, and then none is served.
        """
        inbox: Inbox = deque()
        index_of: dict[int, int] = {}
        try:
            self._submit(prompts, params, grammar, inbox, index_of)
            answers = sum((p.n if p and p.n else 1) for p in params)
            while answers:
                for output in self._receive(inbox):
                    answers -= output.finish_reason is not None
                    yield index_of[output.request_id], output
        finally:
            self._withdraw(index_of)

    def logits(self, prompt: Iterable[int]) -> np.ndarray:
        """See Engine.logits."""
        with self._turn():
            return self._open_engine().logits(prompt)

    def close(self) -> None:
        """Let go of the engine, its weights and its KV cache."""
        with self._turn():
            self._engine = None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        # Whoever passes the turnstile has the next turn. A bare lock would let the thread that steps in a loop take
        # it again and again, and others could neither submit nor abort.
        with self._turnstile:
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    def _open_engine(self) -> Engine:
        if self._engine is None:
            raise QingmoError("This LLM was closed. Make a new one to go on.")
        return self._engine

    def _submit(
        self,
        prompts: Sequence[Iterable[int]],
        params: Sequence[SamplingParams | None],
        grammar: Grammar | None,
        inbox: Inbox,
        index_of: dict[int, int],
    ) -> None:
        with self._turn():
            for index, (prompt, wanted) in enumerate(zip(prompts, params, strict=True)):
                request_id = self._open_engine().add_request(prompt, wanted, grammar=grammar)
                index_of[request_id] = index
                self._inboxes[request_id] = inbox

    def _receive(self, inbox: Inbox) -> list[TokenOutput]:
        """What has come in; where nothing has, after one more step."""
        with self._turn():
            if not inbox:
                for output in self._open_engine().step():
                    self._inboxes[output.request_id].append(output)
            received = list(inbox)
            inbox.clear()
        return received

    def _withdraw(self, request_ids: Iterable[int]) -> None:
        with self._turn():
            for request_id in request_ids:
                self._inboxes.pop(request_id, None)
                if self._engine is not None:
                    self._engine.abort(request_id)
