"""What the routes serve, and whether it is there yet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from fastapi import Depends, Request

from qingmo.engine.async_engine import AsyncEngine
from qingmo.engine.prompts import Prompts
from qingmo.model.tokenizer import Tokenizer
from qingmo.sampling_params import SamplingParams
from qingmo.server.errors import RETRY_SOON, ApiError

LONG_TEXT = 16384
"""Characters; 1 or 2 ms of encoding, 10 on a small board. Longer texts are encoded on a thread: other answers go on."""

Phase = Literal["loading", "ready", "stopping", "failed"]


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that answers."""

    name: str
    engine: AsyncEngine
    prompts: Prompts
    tokenizer: Tokenizer
    max_model_len: int  # tokens of prompt and answer together
    defaults: SamplingParams  # what holds where a request says nothing
    is_demo: bool = False  # the small built-in model, in place of one that could not be had
    created: int = field(default_factory=lambda: int(time.time()))

    async def encode(self, text: str) -> list[int]:
        """Raises InvalidRequestError."""
        if len(text) < LONG_TEXT:
            return self.prompts.encode(text)
        return await asyncio.to_thread(self.prompts.encode, text)

    async def encode_chat(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] | None = None
    ) -> list[int]:
        """Raises InvalidRequestError naming the field."""
        if not tools and sum(len(str(message.get("content"))) for message in messages) < LONG_TEXT:
            return self.prompts.encode_chat(messages)
        return await asyncio.to_thread(self.prompts.encode_chat, messages, tools)


class Service:
    """One model and its way from loading through ready to stopping. Used on the event loop alone, but for `report`."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self._loading = "The model is loading."
        self._model: ServedModel | None = None
        self._stopping = False

    @property
    def phase(self) -> Phase:
        if self._stopping:
            return "stopping"
        if self._model is None:
            return "loading"
        return "ready" if self._model.engine.failure is None else "failed"

    @property
    def progress(self) -> str:
        """Why there is no model to be had, where there is none."""
        if self.phase == "loading":
            return self._loading
        return "The server is stopping." if self._stopping else "The engine failed; the server's log says why."

    @property
    def model(self) -> ServedModel:
        """Raises ApiError 503 while there is none, or no more."""
        if self._model is None or self._stopping:
            raise ApiError(503, f"{self.progress} Try again soon.", code=self.phase, headers=RETRY_SOON)
        return self._model

    def report(self, doing: str, done: int, total: int) -> None:
        """How far loading is; from any thread."""
        share = f" ({100 * done // total} %)" if total else ""
        self._loading = f"The model is loading: {doing}{share}."

    def serve(self, model: ServedModel) -> None:
        """The model answers from now on."""
        self._model = model

    async def stop(self, grace: float) -> None:
        """Take no more requests; see AsyncEngine.stop."""
        self._stopping = True
        if self._model is not None:
            await self._model.engine.stop(grace)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _model(request: Request) -> ServedModel:
    return _service(request).model


TheService = Annotated[Service, Depends(_service)]
TheModel = Annotated[ServedModel, Depends(_model)]
