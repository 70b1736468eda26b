"""What somebody who asked waits on: the tokens of one request as they come, on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from qingmo.engine.ledger import Entry
from qingmo.engine.outputs import TokenOutput


class AnswerStream:
    """The tokens of all n choices of one request, for one reader on the event loop it was made on.

    Iterating gives lists: everything that came since the last. It ends when every choice has finished, or at once
    after `abort`. Raises EngineError where the engine failed.
    """

    def __init__(self, request_id: int, choices: int, entry: Entry, withdraw: Callable[[int], None]) -> None:
        self.request_id = request_id
        self._unfinished = choices
        self._entry = entry
        self._withdraw = withdraw
        self._arrived: list[TokenOutput] = []
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def queue_position(self) -> int | None:
        """How many requests stand before it; None once it is being computed."""
        return self._entry.queue_position

    def abort(self) -> None:
        """Stop the request within one step, also while it is queued. What has not been read yet is lost."""
        if self._unfinished:
            self._unfinished = 0
            self._arrived.clear()
            self._wake()
            self._withdraw(self.request_id)

    async def next(self, timeout: float | None = None) -> list[TokenOutput] | None:
        """What came since the last time, after waiting for it; None where nothing came within `timeout` seconds.

        Raises StopAsyncIteration once all was given out, and EngineError.
        """
        if not self._arrived and self._unfinished and self._error is None:
            await self._wait(timeout)
        if self._arrived:
            arrived, self._arrived = self._arrived, []
            return arrived
        if self._error is not None:
            raise self._error
        if not self._unfinished:
            raise StopAsyncIteration
        return None

    def __aiter__(self) -> AnswerStream:
        return self

    async def __anext__(self) -> list[TokenOutput]:
        while True:
            arrived = await self.next()
            if arrived is not None:
                return arrived

    def push(self, outputs: list[TokenOutput]) -> bool:
        """Hand over what a step brought, not empty. Whether every choice has finished with it."""
        self._arrived += outputs
        self._unfinished -= sum(output.finish_reason is not None for output in outputs)
        self._wake()
        return not self._unfinished

    def fail(self, error: Exception) -> None:
        """Have the reader raise `error` once it has read what arrived."""
        self._error = error
        self._wake()

    async def _wait(self, timeout: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        # A timer costs less than asyncio.wait_for, and there is one wait for each token of each stream.
        timer = None if timeout is None else loop.call_later(timeout, self._wake)
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
