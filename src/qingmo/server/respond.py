"""From prompts to an HTTP response: queue them, then stream the answers or send them in one piece."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import Request, Response
from starlette.responses import JSONResponse

from qingmo.engine.async_engine import Submission
from qingmo.engine.grammar import Grammar
from qingmo.sampling_params import SamplingParams
from qingmo.server.connected import ClientGoneError, while_connected
from qingmo.server.errors import RETRY_SOON, ApiError
from qingmo.server.formats import Format
from qingmo.server.generation import Generation
from qingmo.server.protocol import SamplingFields
from qingmo.server.request_log import client_of, log_answer
from qingmo.server.service import ServedModel
from qingmo.server.streaming import EventStream, events
from qingmo.server.usage import Usage

STREAMED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The answer, whole or as server-sent events.", "content": {"text/event-stream": {}}}
}
"""For the served schema."""
IGNORED_HEADER = "X-Qingmo-Ignored"

OnEnd = Callable[[Generation], None]


async def respond(
    request: Request,
    body: SamplingFields,
    model: ServedModel,
    form: Format,
    prompts: Sequence[list[int]],
    params: SamplingParams,
    on_end: OnEnd = lambda generation: None,
    grammar: Grammar | None = None,
) -> Response:
    """Answer prompts, as a stream where the body asks for one.

    on_end: called with what there is when it ends. grammar: what every answer must look like.

    Raises as AsyncEngine.submit does, before anything is sent.
    """
    usage = Usage(sum(len(prompt) for prompt in prompts), arrived=request.state.arrived)
    client, salt = client_of(request), body.cache_salt or ""
    submissions = [Submission(prompt, params, client, salt, grammar) for prompt in prompts]
    generation = await Generation.submit(model.engine, submissions, usage)

    def end() -> None:
        generation.close()
        on_end(generation)
        log_answer(request, generation)

    headers = {"X-Request-Id": form.envelope.id}
    if body.ignored:
        headers[IGNORED_HEADER] = ", ".join(body.ignored)
    if body.stream:
        return EventStream(events(request, generation, form), end, headers)
    try:
        return JSONResponse(await while_connected(request.receive, _whole(generation, form)), headers=headers)
    except ClientGoneError:
        return Response(status_code=499)  # nobody reads it
    finally:
        end()


async def _whole(generation: Generation, form: Format) -> dict[str, object]:
    """Raises ApiError where the server stops in the middle: half an answer must not pass for a whole one."""
    while not generation.finished:
        await generation.next()
    choices = generation.choices
    if any(choice.finish_reason == "abort" for choice in choices):
        raise ApiError(503, "The server stopped before the answer was done.", code="stopping", headers=RETRY_SOON)
    return form.envelope.whole([form.whole(choice) for choice in choices], generation.usage)
