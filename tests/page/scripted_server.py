"""A server that speaks Qingmo's API, serves the real page with its real headers, and says what a test tells it to."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from qingmo.server.page import PAGE_FOLDER, add_page

DEFAULTS = {"temperature": 0.7, "top_p": 0.9, "top_k": 20, "min_p": 0.0, "repetition_penalty": 1.1, "max_tokens": 512}
USAGE = {"prompt_tokens": 42, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 32}}
TIMINGS = {"ttft_ms": 123.4, "tokens_per_second": 56.78}


@dataclass
class Play:
    """What is answered until a test changes it, and what was asked."""

    pieces: list[str] = field(default_factory=lambda: ["An ", "answer."])
    seconds: float = 0.0
    """Between two pieces."""
    queue: list[int] = field(default_factory=list)
    """Places in the queue that are told first, one each `seconds`."""
    finish_reason: str = "stop"
    hold_at: int | None = None
    """Before this piece the stream waits for `release`."""
    break_off_at: int | None = None
    """Before this piece the connection ends."""
    refusals: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)
    """(status, code, headers) of answers that are errors; each is used once, a last one for ever."""
    key: str | None = None
    model: str = "Qwen/Qwen2.5-0.5B-Instruct"
    demo: bool = False
    requests: list[dict[str, Any]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    dropped: threading.Event = field(default_factory=threading.Event)
    """Set when the page ends a stream before its end."""

    def refusal(self, request: Request) -> Response | None:
        if self.key is not None and request.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "invalid_api_key", {})
        if not self.refusals:
            return None
        return _error(*(self.refusals.pop(0) if len(self.refusals) > 1 else self.refusals[0]))


class ScriptedServer:
    """Runs on a thread of its own from the moment it is made. `play` is read anew at each request."""

    def __init__(self, port: int = 0, prefix: str = "") -> None:
        self.play = Play()
        listener = socket.create_server(("127.0.0.1", port))
        self.port = listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}{prefix}/"
        app = FastAPI()
        inner = FastAPI()
        self._add_routes(inner)
        add_page(inner, PAGE_FOLDER)
        app.mount(prefix, inner)
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.play.release.set()
        self._server.should_exit = True
        self._thread.join()

    def _add_routes(self, app: FastAPI) -> None:
        @app.get("/v1/models")
        async def models(request: Request) -> Response:
            qingmo = {"demo": self.play.demo, "max_model_len": 2048, "defaults": DEFAULTS}
            body = {"object": "list", "data": [{"id": self.play.model, "qingmo": qingmo}]}
            return self.play.refusal(request) or JSONResponse(body)

        @app.post("/v1/chat/completions")
        async def chat(request: Request) -> Response:
            body = await request.json()
            self.play.requests.append(body)
            if refusal := self.play.refusal(request):
                return refusal
            if body["stream"]:
                return StreamingResponse(_stream(self.play), media_type="text/event-stream")
            message = {"role": "assistant", "content": "".join(self.play.pieces)}
            choice = {"index": 0, "message": message, "finish_reason": self.play.finish_reason}
            return JSONResponse({"choices": [choice], "usage": USAGE, "timings": TIMINGS})


async def _stream(play: Play) -> AsyncIterator[str]:
    try:
        for place in play.queue:
            yield f": queue {place}\n\n"
            await asyncio.sleep(play.seconds)
        for number, piece in enumerate(play.pieces):
            if number == play.hold_at:
                while not play.release.is_set():
                    await asyncio.sleep(0.005)
            if number == play.break_off_at:
                return
            yield _chunk({"delta": {"content": piece}, "finish_reason": None})
            if play.seconds:
                await asyncio.sleep(play.seconds)
        yield _chunk({"delta": {}, "finish_reason": play.finish_reason})
        yield f"data: {json.dumps({'choices': [], 'usage': USAGE, 'timings': TIMINGS})}\n\ndata: [DONE]\n\n"
    except asyncio.CancelledError:
        play.dropped.set()
        raise


def _chunk(choice: dict[str, Any]) -> str:
    return f"data: {json.dumps({'choices': [{'index': 0, **choice}]})}\n\n"


def _error(status: int, code: str, headers: dict[str, str]) -> Response:
    message = "Packing weights (40 %)." if code == "loading" else f"told to say {code}"
    return JSONResponse({"error": {"message": message, "code": code}}, status, headers)
