"""The only way into an engine from an event loop: a thread of its own steps it and hands over once a step."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass

from qingmo.engine.answer_stream import AnswerStream
from qingmo.engine.engine import Engine
from qingmo.engine.engine_thread import Abort, End, EngineThread, FailureReport, StepReport
from qingmo.engine.grammar import Grammar
from qingmo.engine.ledger import Ledger
from qingmo.engine.outputs import TokenOutput
from qingmo.engine.sequence import Request
from qingmo.engine.status import EngineStatus
from qingmo.errors import EngineError, QueueFullError, StoppingError
from qingmo.sampling_params import SamplingParams

MAX_QUEUE = 256
"""Four times the default of --max-num-seqs: whoever waits behind more has given up before their turn."""
LONGEST_RETRY = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Submission:
    """One request. Plain data."""

    prompt: list[int]
    params: SamplingParams
    client: str = ""  # prompts are served round-robin between clients
    cache_salt: str = ""  # prefixes are shared only under equal salts
    grammar: Grammar | None = None  # what each answer must look like


class AsyncEngine:
    """Serves one event loop. All methods are called on it; none blocks it.

    max_queue: how many requests may wait before their first step. From `start` on the engine is not for use otherwise.
    """

    def __init__(self, engine: Engine, *, max_queue: int = MAX_QUEUE) -> None:
        self._engine = engine
        self._max_queue = max_queue
        self._ledger = Ledger(engine.load())
        self._streams: dict[int, AnswerStream] = {}  # unfinished, by request id
        self._thread = EngineThread(engine, self._report)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._ended = asyncio.Event()
        self._stopping = False
        self._failure: Exception | None = None

    def start(self) -> None:
        """Begin to serve the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def submit(self, submission: Submission) -> AnswerStream:
        """Queue a request.

        Raises InvalidRequestError, PromptTooLongError and UnsupportedError as Engine.add_request does, QueueFullError,
        StoppingError and EngineError; then nothing was queued.
        """
        self._refuse_where_it_cannot_be_served()
        if submission.grammar is None:
            request = self._prepare(submission)
        else:
            request = await asyncio.to_thread(self._prepare, submission)
            self._refuse_where_it_cannot_be_served()
        entry = self._ledger.submitted(request.id, submission.client, len(submission.prompt), time.monotonic())
        stream = AnswerStream(request.id, len(request.answers), entry, self._withdraw)
        self._streams[request.id] = stream
        self._idle.clear()
        self._thread.post(request)
        return stream

    async def stop(self, grace: float) -> None:
        """Take no more requests, let streams finish for `grace` seconds, end the rest with "abort", end the thread."""
        self._stopping = True
        if self._loop is None:
            return
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._idle.wait(), grace)
        self._thread.post(End())
        await self._ended.wait()
        self._thread.join()

    def status(self) -> EngineStatus:
        """How things stand after the last step."""
        return self._ledger.status(time.monotonic())

    @property
    def failure(self) -> EngineError | None:
        """What ended the engine's thread before `stop` did; None while it runs."""
        return None if self._failure is None else _engine_error(self._failure)

    def _prepare(self, submission: Submission) -> Request:
        return self._engine.prepare(
            submission.prompt,
            submission.params,
            client=submission.client,
            cache_salt=submission.cache_salt,
            grammar=submission.grammar,
        )

    def _refuse_where_it_cannot_be_served(self) -> None:
        if self.failure is not None:
            raise self.failure
        if self._stopping or self._loop is None:
            raise StoppingError("The engine is stopping and takes no more requests.")
        if self._ledger.waiting >= self._max_queue:
            raise QueueFullError(self._ledger.waiting, self._retry_after())

    def _retry_after(self) -> float:
        """Whole seconds until a place in the queue is free, as things went of late."""
        seconds = self._ledger.seconds_between_starts(time.monotonic())
        return min(max(1.0, float(round(seconds or 1.0))), LONGEST_RETRY)

    def _withdraw(self, request_id: int) -> None:
        self._thread.post(Abort(request_id))
        self._forget(request_id, aborted=True)

    def _forget(self, request_id: int, *, aborted: bool) -> None:
        if self._streams.pop(request_id, None) is None:
            return
        self._ledger.ended(request_id, aborted=aborted)
        if not self._streams:
            self._idle.set()

    # From the engine's thread to the event loop

    def _report(self, report: StepReport | FailureReport) -> None:
        assert self._loop is not None
        if isinstance(report, StepReport):
            self._loop.call_soon_threadsafe(self._deliver, report)
        else:
            self._loop.call_soon_threadsafe(self._fail, report)

    def _deliver(self, report: StepReport) -> None:
        outputs: dict[int, list[TokenOutput]] = {}
        for output in report.outputs:
            outputs.setdefault(output.request_id, []).append(output)
        self._ledger.stepped(report.load, outputs, report.began, report.ended)
        for request_id, arrived in outputs.items():
            stream = self._streams.get(request_id)
            if stream is not None and stream.push(arrived):
                self._forget(request_id, aborted=arrived[-1].finish_reason == "abort")
        if report.is_last:
            self._ended.set()

    def _fail(self, report: FailureReport) -> None:
        self._failure = report.error
        _log.error("The engine failed:\n%s", "".join(traceback.format_exception(report.error)))
        for request_id, stream in list(self._streams.items()):
            stream.fail(_engine_error(report.error))
            self._forget(request_id, aborted=True)
        self._ended.set()


def _engine_error(cause: Exception) -> EngineError:
    error = EngineError(f"The engine failed and serves no more: {type(cause).__name__}: {cause}. Start it again.")
    error.__cause__ = cause
    return error
