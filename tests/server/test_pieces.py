"""Small parts by themselves, where the whole server would take too long to get there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from qingmo.server import connection, streaming
from qingmo.server.connection import TimedConnection
from qingmo.server.listen import listen
from qingmo.server.streaming import EventStream, SignsOfLife
from qingmo.server.usage import Usage


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


def test_a_silent_stream_shows_that_it_is_alive_before_a_proxy_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    signs, heard = SignsOfLife(), []
    for _ in range(120):
        clock.now += streaming.QUEUE_SECONDS
        heard.append(signs.of(queue_position=None))
    assert set(heard) == {b"", b": keep-alive\n\n"}
    assert heard.count(b": keep-alive\n\n") == 8
    signs.spoken()
    assert signs.of(None) == b""


def test_the_place_in_the_queue_is_said_each_time() -> None:
    assert SignsOfLife().of(3) == b": queue 3\n\n"


def test_times_are_those_of_the_first_token_and_of_the_ones_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    usage = Usage(prompt_tokens=10, arrived=clock.now)
    assert usage.timings() == {}
    clock.now += 0.25
    usage.count(2)
    assert usage.timings() == {"ttft_ms": 250.0}
    clock.now += 2
    usage.count(5)
    clock.now += 2
    usage.count(5)
    assert usage.timings() == {"ttft_ms": 250.0, "tokens_per_second": 2.5}
    assert usage.tokens()["total_tokens"] == 22


def test_a_client_that_takes_nothing_of_its_answer_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "UNREAD_SECONDS", 0.1)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)

    async def serve_and_do_not_read() -> None:
        ended = asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await EventStream(endless(), ended.set)(scope, receive, send)

        sockets = listen("127.0.0.1", 0)
        server = uvicorn.Server(uvicorn.Config(app, http=TimedConnection, lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve(sockets))
        _, writer = await asyncio.open_connection("127.0.0.1", sockets[0].getsockname()[1])
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await asyncio.wait_for(ended.wait(), 60)
        writer.close()
        server.should_exit = True
        await serving

    asyncio.run(serve_and_do_not_read())
