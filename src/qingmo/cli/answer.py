"""One answer of the model, step by step: text as it comes, stopped when asked, and how fast it was."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qingmo.cli.terminal import Interrupt
from qingmo.sampling_params import SamplingParams

if TYPE_CHECKING:
    from qingmo.engine.engine import Engine


class Answer:
    """Made by handing a prompt to the engine; `pieces` then computes it, and may be gone through once.

    Raises InvalidRequestError where the engine refuses the prompt.
    """

    def __init__(self, engine: Engine, prompt: list[int], params: SamplingParams) -> None:
        self.text = ""
        self.token_ids: list[int] = []
        self._engine = engine
        self._asked = time.perf_counter()
        self._first = self._last = self._asked
        self._ending = "stopped"
        self._request = engine.add_request(prompt, params)

    def pieces(self, interrupt: Interrupt) -> Iterator[str]:
        """Text as it comes, until the answer ends or the interrupt is pressed. Whatever ends it, the engine is free."""
        try:
            while self._engine.has_work and not interrupt.pressed:
                yield from self._step()
        finally:
            self._engine.abort(self._request)

    def _step(self) -> Iterator[str]:
        for output in self._engine.step():
            self._last = time.perf_counter()
            if not self.token_ids:
                self._first = self._last
            self.token_ids.append(output.token_id)
            if output.finish_reason is not None:
                self._ending = {"length": "reached the longest answer allowed"}.get(output.finish_reason, "")
            if output.text:
                self.text += output.text
                yield output.text

    def summary(self) -> str:
        """One line about length and speed, and how it ended if not by itself."""
        parts = [f"{len(self.token_ids)} tokens"]
        if self.token_ids:
            parts.append(f"first after {self._first - self._asked:.2f} s")
        if len(self.token_ids) > 1:
            rate = (len(self.token_ids) - 1) / max(self._last - self._first, 1e-9)
            parts.append(f"then {rate:.1f} tokens/s")
        return ", ".join([*parts, self._ending] if self._ending else parts)
