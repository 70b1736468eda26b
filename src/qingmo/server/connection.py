"""Connections that give their other end only so long: to send a request, and to take an answer.

uvicorn waits for ever for the rest of a request. Somebody who opens many connections and sends nothing, or a byte now
and then, would keep every one of them.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from qingmo.server.envelope import to_json
from qingmo.server.errors import ApiError

HEAD_SECONDS = 10.0
"""For a request's line and headers."""
BODY_SECONDS = 10.0
"""For its body, and a second more for each BODY_RATE bytes of it that have come."""
BODY_RATE = 16_384
UNREAD_SECONDS = 30.0
"""For taking anything at all of an answer that has filled the system's buffers."""
LINGER_SECONDS = 2.0
"""Closed at once, a connection whose other end is still sending loses the answer that says why."""
MAX_HEAD = 32_768  # bytes of a request's line and headers


class TimedConnection(H11Protocol):
    """uvicorn's connection, with a clock on whatever the client owes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._owed: Any = None  # what the client has begun to send: h11.IDLE its head, h11.SEND_BODY its body
        self._received = 0  # bytes of what is owed
        self._clock: asyncio.TimerHandle | None = None
        self._unread_clock: asyncio.TimerHandle | None = None
        self._refused = False
        self._watch()

    def data_received(self, data: bytes) -> None:
        # h11 looks at the length of a head only while its end has not come, so it gets no more than that at once.
        for start in range(0, len(data), MAX_HEAD):
            if self._refused:
                return
            piece = data[start : start + MAX_HEAD]
            super().data_received(piece)
            self._received += len(piece)
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_clock = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        if self._unread_clock is not None:
            self._unread_clock.cancel()
            self._unread_clock = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls, while it handles h11's error, for what is no HTTP."""
        error = sys.exc_info()[1]
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        reason = f"the line and headers are longer than {MAX_HEAD} bytes" if status == 431 else str(error)
        self._refuse(ApiError(status, f"This is not a valid HTTP request: {reason}.", code="invalid_http"))

    def _watch(self) -> None:
        """Start the clock where the client begins to owe something, and stop it where that has come."""
        state = self.conn.their_state
        owed = state if state in (h11.IDLE, h11.SEND_BODY) else None
        if owed is self._owed:
            return
        self._stop_clock()
        self._owed, self._received = owed, 0
        if owed is not None:
            self._clock = self.loop.call_later(HEAD_SECONDS if owed is h11.IDLE else BODY_SECONDS, self._ring)

    def _ring(self) -> None:
        if self._owed is h11.SEND_BODY and self._received >= BODY_RATE and self.conn.our_state is not h11.DONE:
            seconds = self._received / BODY_RATE
            self._received = 0
            self._clock = self.loop.call_later(seconds, self._ring)
            return
        what = "body" if self._owed is h11.SEND_BODY else "headers"
        self._refuse(ApiError(408, f"The request's {what} took too long to come.", code="request_timeout"))

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _refuse(self, error: ApiError) -> None:
        """Say why, where an answer has not begun yet, and close."""
        self._stop_clock()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE) and not self.transport.is_closing():
            body = to_json(error.body)
            headers = [
                ("content-type", "application/json"),
                ("content-length", str(len(body))),
                ("connection", "close"),
            ]
            head = h11.Response(status_code=error.status_code, headers=headers)
            for event in (head, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
            self.transport.write_eof()
            self._refused = True
            self.loop.call_later(LINGER_SECONDS, self.transport.close)
        else:
            self.transport.close()
