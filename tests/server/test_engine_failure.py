"""Where the engine dies, nobody waits for ever: each answer ends with the reason, and health says so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from serving import HELLO

from qingmo.config import EngineConfig
from qingmo.engine.async_engine import AsyncEngine
from qingmo.engine.build import build_engine
from qingmo.sampling_params import SamplingParams
from qingmo.server.app import create_app
from qingmo.server.service import ServedModel, Service

Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def with_an_engine_that_dies(folder: Path, ask: Ask, after_steps: int) -> tuple[httpx.Response, httpx.Response]:
    """What is answered to `ask`, and then to GET /health."""
    loaded = build_engine(EngineConfig(model=str(folder)))
    steps, step = iter(range(after_steps)), loaded.engine.step

    def step_or_die() -> list:
        if next(steps, None) is None:
            raise MemoryError("no more of it")
        return step()

    loaded.engine.step = step_or_die  # type: ignore[method-assign]

    async def run() -> tuple[httpx.Response, httpx.Response]:
        engine, service = AsyncEngine(loaded.engine), Service()
        engine.start()
        service.serve(ServedModel("toy", engine, loaded.prompts, loaded.tokenizer, 2048, SamplingParams()))
        transport = httpx.ASGITransport(create_app(service))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await ask(client), await client.get("/health")

    return asyncio.run(run())


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_at_work_ends_with_the_reason(
    toy_folder: Path, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        body = {"messages": HELLO, "ignore_eos": True, "stream": stream}
        return await client.post("/v1/chat/completions", json=body)

    with caplog.at_level(logging.ERROR, "qingmo"):
        answer, health = with_an_engine_that_dies(toy_folder, ask, after_steps=5)
    assert "The engine failed and serves no more: MemoryError" in answer.text
    assert "engine_failed" in answer.text
    if stream:
        assert '"content":' in answer.text, "what there was before"
        assert answer.text.endswith("data: [DONE]\n\n")
    else:
        assert answer.status_code == 500 and answer.json()["error"]["type"] == "server_error"
    assert health.status_code == 503 and health.json()["status"] == "failed"
    assert "MemoryError: no more of it" in caplog.text and "step_or_die" in caplog.text


def test_several_prompts_end_too(toy_folder: Path) -> None:
    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        body = {"prompt": ["hello", "world", "你好"], "ignore_eos": True, "max_tokens": 50}
        return await client.post("/v1/completions", json=body)

    answer, _ = with_an_engine_that_dies(toy_folder, ask, after_steps=5)
    assert answer.status_code == 500 and answer.json()["error"]["code"] == "engine_failed"
