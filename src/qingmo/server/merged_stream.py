"""Several answers waited for as one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from qingmo.engine.answer_stream import AnswerStream
from qingmo.engine.outputs import TokenOutput

Arrived = list[tuple[int, TokenOutput]]
"""(which of the streams, what it brought)"""


class MergedStream:
    """Reads streams side by side. Belongs to one reader; `close` when it is done."""

    def __init__(self, streams: Sequence[AnswerStream]) -> None:
        self._streams = streams
        self._arrived: Arrived = []
        self._error: Exception | None = None
        self._news = asyncio.Event()
        # One alone needs no tasks between it and its reader.
        self._readers = [asyncio.create_task(self._read(i)) for i in range(len(streams))] if len(streams) > 1 else []

    @property
    def queue_position(self) -> int | None:
        """Of the stream that is nearest to being computed; None once one is."""
        positions = [stream.queue_position for stream in self._streams]
        return None if None in positions else min(p for p in positions if p is not None)

    async def next(self, timeout: float | None) -> Arrived | None:
        """What came since the last time; None where nothing came within `timeout` seconds. Raises EngineError."""
        if not self._readers:
            outputs = await self._streams[0].next(timeout)
            return None if outputs is None else [(0, output) for output in outputs]
        if not self._arrived and self._error is None:
            await self._wait(timeout)
        arrived, self._arrived = self._arrived, []
        if not arrived and self._error is not None:
            raise self._error
        return arrived or None

    def close(self) -> None:
        """Stop whatever is unfinished."""
        for reader in self._readers:
            reader.cancel()
        for stream in self._streams:
            stream.abort()

    async def _wait(self, timeout: float | None) -> None:
        self._news.clear()
        try:
            await asyncio.wait_for(self._news.wait(), timeout)
        except asyncio.TimeoutError:
            return

    async def _read(self, index: int) -> None:
        try:
            async for outputs in self._streams[index]:
                self._arrived += [(index, output) for output in outputs]
                self._news.set()
        except Exception as error:
            self._error = error
            self._news.set()
