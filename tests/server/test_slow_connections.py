"""Clients that send nothing, or slowly, or what is no HTTP: they are shown out, and others do not notice."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from serving import PATIENCE, Running

from qingmo.server.connection import BODY_SECONDS, HEAD_SECONDS

HALF_OPEN = 400


def connect(server: Running, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    connection.sendall(sent)
    return connection


def read_all(connection: socket.socket) -> bytes:
    with connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture(scope="module")
def slow_answers(server: Running) -> Iterator[dict[str, bytes]]:
    """What slow clients get to hear in the end. They wait side by side, with 400 that never say a word."""
    beginnings = {
        "silent": b"",
        "half a line": b"GET /health HT",
        "half a head": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-",
        "half a body": b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b'Content-Length: 1000\r\n\r\n{"prompt": ',
    }
    with ExitStack() as stack:
        crowd = [stack.enter_context(connect(server)) for _ in range(HALF_OPEN)]
        slow = {name: connect(server, sent) for name, sent in beginnings.items()}
        assert server.chat().status_code == 200, "a good request beside them"
        answers = {name: read_all(connection) for name, connection in slow.items()}
        deadline = time.monotonic() + PATIENCE
        while crowd and time.monotonic() < deadline:
            readable, _, _ = select.select(crowd, [], [], 1.0)
            crowd = [connection for connection in crowd if connection not in readable or still_open(connection)]
        answers["left open"] = str(len(crowd)).encode()
        yield answers


def still_open(connection: socket.socket) -> bool:
    return bool(connection.recv(65536))


def test_the_times_allowed_leave_nobody_open_for_20_seconds() -> None:
    assert HEAD_SECONDS < 20 and BODY_SECONDS < 20


def test_half_open_connections_are_all_closed(slow_answers: dict[str, bytes]) -> None:
    assert slow_answers["left open"] == b"0"


@pytest.mark.parametrize("name", ["silent", "half a line", "half a head", "half a body"])
def test_a_request_that_does_not_come_is_told_so(slow_answers: dict[str, bytes], name: str) -> None:
    assert slow_answers[name].startswith(b"HTTP/1.1 408 ")
    assert b"took too long" in slow_answers[name]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Header: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64, 400),
    ],
    ids=["words", "no host", "two hosts", "bad header", "zero byte", "long header", "length", "encoding", "TLS"],
)
def test_what_is_no_http_is_refused_in_openai_s_shape(server: Running, sent: bytes, status: int) -> None:
    connection = connect(server, sent)
    connection.shutdown(socket.SHUT_WR)
    answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert b'{"error":{"message":"' in answer


def test_a_bad_chunk_in_a_body_ends_the_connection_and_nothing_else(server: Running) -> None:
    head = b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    answer = read_all(connect(server, head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert server.client.get("/health").status_code == 200
    assert "Traceback" not in server.log
