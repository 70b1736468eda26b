"""A model of ours as a Subject: the near end of the pipe to its process."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

from qingmo.bench import model_process
from qingmo.bench.model_process import Progress
from qingmo.bench.plan import Point
from qingmo.bench.subject import Answer, Facts, Speed
from qingmo.bench.workload import Messages
from qingmo.config import EngineConfig
from qingmo.errors import BenchError

Report = Callable[[str, int, int], None]
"""Called with what is being done, done, and in all."""

_PATIENCE = 10.0  # seconds a process may take to end


class LocalModel:
    """A Subject. Raises what build_engine raises where the model cannot be loaded."""

    def __init__(
        self,
        config: EngineConfig,
        *,
        demo_if_unreachable: bool = False,
        report: Report | None = None,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        """prepare: a module's function, called first in the new process."""
        context = get_context("spawn")
        self._pipe, far_end = context.Pipe()
        arguments = (far_end, config, demo_if_unreachable, prepare)
        self._process = context.Process(target=model_process.run, args=arguments, daemon=True)
        self._process.start()
        far_end.close()
        self.process = self._process.pid
        while isinstance(received := self._receive(), Progress):
            if report is not None:
                report(received.doing, received.done, received.total)
        self.facts: Facts = received

    def ask(self, messages: Messages, max_tokens: int) -> Answer:
        """See Subject."""
        answer: Answer = self._call("ask", messages, max_tokens)
        return answer

    def fits(self, point: Point, new_tokens: int) -> bool:
        """See Subject."""
        return bool(self._call("fits", point, new_tokens))

    def work(self, point: Point, new_tokens: int, seed: int) -> Speed:
        """See Subject."""
        speed: Speed = self._call("work", point, new_tokens, seed)
        return speed

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _call(self, method: str, *arguments: Any) -> Any:
        try:
            self._pipe.send((method, arguments))
        except OSError:
            raise self._death() from None
        return self._receive()

    def _receive(self) -> Any:
        try:
            received = self._pipe.recv()
        except (EOFError, OSError):
            raise self._death() from None
        if isinstance(received, Exception):
            self.close()
            raise received
        return received

    def _death(self) -> BenchError:
        self._process.join(_PATIENCE)
        return BenchError(
            f"The process of the model ended with exit status {self._process.exitcode}. "
            f"Where it was killed, memory may have run out: try a smaller model or --kv-cache-memory 64M."
        )
