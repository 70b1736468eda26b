"""Server-sent events: an answer piece by piece, with signs of life while there is none."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from qingmo.errors import QingmoError
from qingmo.server.connected import ClientGoneError, while_connected
from qingmo.server.envelope import to_json
from qingmo.server.errors import api_error
from qingmo.server.formats import Format
from qingmo.server.generation import Generation
from qingmo.server.request_log import log_failure

QUEUE_SECONDS = 1.0
"""Between two words about the place in the queue."""
SILENT_SECONDS = 15.0
"""Proxies and phones cut connections that are silent for 30 to 60 s."""


class EventStream(Response):
    """Sends events as they come. Proxies are asked not to hold them back. on_end: called however it ends."""

    def __init__(
        self, events: AsyncIterator[bytes], on_end: Callable[[], None], headers: Mapping[str, str] | None = None
    ) -> None:
        unbuffered = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", **(headers or {})}
        super().__init__(None, 200, unbuffered, "text/event-stream")
        del self.headers["content-length"]
        self._events = events
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await while_connected(receive, self._send(send))
        except ClientGoneError:
            pass
        finally:
            self._on_end()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for piece in self._events:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def events(connection: HTTPConnection, generation: Generation, form: Format) -> AsyncIterator[bytes]:
    """The whole stream, from the first chunk to [DONE]. An error on the way is an event too, and the last."""
    signs = SignsOfLife()
    try:
        while not generation.finished:
            progress = await generation.next(QUEUE_SECONDS)
            if progress is None:
                if sign := signs.of(generation.queue_position):
                    yield sign
                continue
            chunks = [form.chunk(choice, output) for choice, output in progress]
            if piece := b"".join(form.envelope.chunk(chunk) for chunk in chunks if chunk):
                signs.spoken()
                yield piece
    except Exception as error:
        if not isinstance(error, QingmoError):
            log_failure(connection, error)
        yield b"data: " + to_json(api_error(error).body) + b"\n\ndata: [DONE]\n\n"
        return
    yield form.envelope.closing(generation.usage)


class SignsOfLife:
    """Comments for a stream that has nothing to say: the place in the queue, or just that it is there."""

    def __init__(self) -> None:
        self._spoke = time.monotonic()

    def spoken(self) -> None:
        """Something was sent."""
        self._spoke = time.monotonic()

    def of(self, queue_position: int | None) -> bytes:
        """A comment, or b"" where none is due."""
        if queue_position is not None:
            self.spoken()
            return b": queue %d\n\n" % queue_position
        if time.monotonic() - self._spoke >= SILENT_SECONDS:
            self.spoken()
            return b": keep-alive\n\n"
        return b""
