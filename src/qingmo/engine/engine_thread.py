"""The thread that steps an engine. It takes commands between steps, and reports once a step."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread

from qingmo.engine.engine import Engine
from qingmo.engine.outputs import Load, TokenOutput
from qingmo.engine.sequence import Request


@dataclass(frozen=True, slots=True)
class Abort:
    """Stop a request and say nothing more of it."""

    request_id: int


@dataclass(frozen=True, slots=True)
class End:
    """Cut everything off and end the thread."""


Command = Request | Abort | End


@dataclass(frozen=True, slots=True)
class StepReport:
    """What a step brought. Plain data."""

    outputs: list[TokenOutput]
    load: Load
    began: float  # seconds on the steady clock
    ended: float
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class FailureReport:
    """The thread has died of this."""

    error: Exception


class EngineThread:
    """report: called on the thread, after each step and at its end. From `start` on the engine is the thread's."""

    def __init__(self, engine: Engine, report: Callable[[StepReport | FailureReport], None]) -> None:
        self._engine = engine
        self._report = report
        self._commands: SimpleQueue[Command] = SimpleQueue()
        self._ending = False
        self._thread = Thread(target=self._run, name="qingmo-engine", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def post(self, command: Command) -> None:
        """Have a command obeyed before the next step. From any thread."""
        self._commands.put(command)

    def join(self) -> None:
        """Wait until the thread has ended: after its last report, no time at all."""
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._ending:
                self._obey()
                self._step()
        except Exception as error:
            self._report(FailureReport(error))

    def _step(self) -> None:
        began = time.monotonic()
        outputs = self._engine.abort_all() if self._ending else self._engine.step()
        self._report(StepReport(outputs, self._engine.load(), began, time.monotonic(), self._ending))

    def _obey(self) -> None:
        """All commands there are; where the engine has nothing to do, at least one."""
        try:
            self._apply(self._commands.get(block=not self._engine.has_work))
            while True:
                self._apply(self._commands.get_nowait())
        except Empty:
            pass

    def _apply(self, command: Command) -> None:
        if isinstance(command, Request):
            self._engine.enqueue(command)
        elif isinstance(command, Abort):
            self._engine.abort(command.request_id)
        else:
            self._ending = True
