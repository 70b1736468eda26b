"""POST /v1/completions."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request, Response

from qingmo.errors import InvalidRequestError
from qingmo.server.formats import TextFormat
from qingmo.server.json_body import JsonRoute
from qingmo.server.protocol import MAX_CHOICES, CompletionRequest
from qingmo.server.respond import STREAMED, respond
from qingmo.server.sampling import completion_params
from qingmo.server.service import ServedModel, TheModel

router = APIRouter(route_class=JsonRoute)


@router.post("/v1/completions", responses=STREAMED)
async def create_completion(request: Request, body: CompletionRequest, model: TheModel) -> Response:
    """Continue a text or token ids, one or several."""
    params = completion_params(body)
    given = _as_list(body.prompt)
    _check_choices(len(given), body.n or 1)
    prompts = [await model.encode(prompt) if isinstance(prompt, str) else prompt for prompt in given]
    echoes = [_echo(prompt, model) if body.echo else "" for prompt in given for _ in range(body.n or 1)]
    form = TextFormat(model.name, model.tokenizer, echoes, shows_usage=body.wants_usage)
    return await respond(request, body, model, form, prompts, params)


def _check_choices(prompts: int, n: int) -> None:
    if prompts * n > MAX_CHOICES:
        raise InvalidRequestError(
            f"n is {n} and there are {prompts} prompts, which makes {prompts * n} answers; at most {MAX_CHOICES} can "
            "be asked for at once.",
            field="n",
        )


def _as_list(prompt: str | list[int] | list[str] | list[list[int]]) -> list[str | list[int]]:
    if isinstance(prompt, str) or isinstance(prompt[0], int):
        return [prompt]
    return cast("list[str | list[int]]", prompt)


def _echo(prompt: str | list[int], model: ServedModel) -> str:
    return prompt if isinstance(prompt, str) else model.tokenizer.decode(prompt, skip_special=False)
