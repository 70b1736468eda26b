"""Many at once: waiting, being turned away, going away. Whatever happens, every KV block comes back."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from serving import HELLO, PATIENCE, Running, events, serve

LONG = {"ignore_eos": True, "max_tokens": 3500, "temperature": 0, "stream": True}


@pytest.fixture(scope="module")
def narrow(toy_folder: Path) -> Iterator[Running]:
    """A server that works on one answer at a time, and lets two wait."""
    flags = ["--max-num-seqs", "1", "--max-queue", "2", "--max-model-len", "4096"]
    with serve(toy_folder, *flags) as running:
        yield running


def wait_until_free(server: Running) -> None:
    """Return when nothing runs, waits or holds memory."""
    deadline = time.monotonic() + PATIENCE
    while True:
        status = server.status()
        busy = status["running"], status["waiting"], status["kv_cache_tokens"]["in_use"]
        if busy == (0, 0, 0):
            return
        assert time.monotonic() < deadline, f"still there: {busy}"
        time.sleep(0.02)


def test_who_waits_is_told_their_place_and_who_comes_too_late_to_come_back(narrow: Running) -> None:
    with ExitStack() as stack:
        streams = []
        for _ in range(3):
            request = narrow.client.stream("POST", "/v1/chat/completions", json={"messages": HELLO, **LONG})
            response = stack.enter_context(request)
            assert response.status_code == 200
            streams.append(response.iter_lines())
            if len(streams) == 1:  # the first is computed at once, and then does not wait any more
                next(streams[0])
        refused = narrow.chat()
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
        assert refused.json()["error"]["code"] == "queue_full"
        assert refused.json()["error"]["type"] == "rate_limit_error"
        waiting = next(line for line in streams[2] if line)
        assert waiting in (": queue 1", ": queue 0")  # the first may have ended by then
    wait_until_free(narrow)


def test_several_prompts_that_find_no_room_together_leave_nothing_behind(narrow: Running) -> None:
    refused = narrow.complete(["hello"] * 8, max_tokens=400, ignore_eos=True)
    assert refused.status_code == 429
    wait_until_free(narrow)


def send_and_leave(server: Running, body: dict, read: int) -> None:
    """Ask, read so many bytes of the answer, and close the connection."""
    content = json.dumps({"messages": HELLO, **body}).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(head.encode() + content)
        received = 0
        while received < read:
            received += len(connection.recv(65536))


def test_200_dropped_answers_give_every_kv_block_back(server: Running) -> None:
    long_prompt = [{"role": "user", "content": "你好世界" * 800}]
    bodies = [
        ({**LONG}, 1000),  # in decode
        ({**LONG, "messages": long_prompt}, 0),  # in prefill, or queued behind the others
        ({**LONG, "stream": False}, 0),
        ({**LONG, "n": 4}, 500),
    ]
    before = server.status()["since_the_start"]["generated_tokens"]
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda i: send_and_leave(server, *bodies[i % len(bodies)]), range(200)))
    wait_until_free(server)
    generated = server.status()["since_the_start"]["generated_tokens"] - before
    assert generated < 200 * LONG["max_tokens"] / 4, "they were stopped, and did not just come to their end"
    assert server.chat().status_code == 200


def test_answers_of_many_at_once_equal_those_of_each_alone(server: Running) -> None:
    questions = [[{"role": "user", "content": f"{i} 你好" * (i % 7 + 1)}] for i in range(30)]
    fields = {"max_tokens": 24, "ignore_eos": True}
    alone = [server.chat(messages=q, **fields).json()["choices"][0]["message"]["content"] for q in questions]

    def streamed(question: list) -> str:
        with httpx.Client(base_url=server.url, timeout=PATIENCE, trust_env=False) as client:
            body = {"messages": question, "temperature": 0, "stream": True, **fields}
            chunks = events(client.post("/v1/chat/completions", json=body))
            return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)

    with ThreadPoolExecutor(30) as pool:
        assert list(pool.map(streamed, questions)) == alone


def test_others_are_served_while_huge_texts_are_read_and_refused(server: Running) -> None:
    huge = {"messages": [{"role": "user", "content": "好" * 340_000}]}
    with ThreadPoolExecutor(1) as pool, httpx.Client(base_url=server.url, timeout=PATIENCE, trust_env=False) as other:
        refusals = [pool.submit(other.post, "/v1/chat/completions", json=huge) for _ in range(12)]
        served = 0
        while not refusals[-1].done():
            served += server.chat(max_tokens=2).status_code == 200
        assert {each.result().json()["error"]["code"] for each in refusals} == {"context_length_exceeded"}
    assert served >= 5


def test_metrics_count_what_happened(server: Running) -> None:
    def value(name: str) -> float:
        text = server.client.get("/metrics").text
        return float(next(line for line in text.splitlines() if line.startswith(name + " ")).split()[1])

    names = ("qingmo_requests_total", "qingmo_generated_tokens_total", "qingmo_time_to_first_token_seconds_count")
    before = [value(name) for name in names]
    server.chat(max_tokens=5, ignore_eos=True)
    assert [value(name) - was for name, was in zip(names, before, strict=True)] == [1, 5, 1]
    assert value("qingmo_kv_blocks_used") == 0 < value("qingmo_kv_blocks")


def test_status_shows_what_runs_now(server: Running) -> None:
    with server.client.stream("POST", "/v1/chat/completions", json={"messages": HELLO, **LONG}) as stream:
        pieces = stream.iter_raw()
        next(pieces)
        (request,) = httpx.get(server.url + "/v1/status", trust_env=False).json()["requests"]
    assert request["state"] == "decode" and request["client"] == "127.0.0.1"
    assert request["output_tokens"] >= 1
    wait_until_free(server)
