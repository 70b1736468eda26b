"""POST /v1/chat/completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from qingmo.errors import PromptTooLongError
from qingmo.server.answer_form import chat_rules
from qingmo.server.errors import ApiError
from qingmo.server.formats import ChatFormat
from qingmo.server.generation import Generation
from qingmo.server.json_body import JsonRoute
from qingmo.server.protocol import ChatRequest, Message
from qingmo.server.respond import STREAMED, respond
from qingmo.server.sampling import chat_params
from qingmo.server.service import ServedModel, TheModel
from qingmo.server.tool_format import ToolChatFormat

router = APIRouter(route_class=JsonRoute)


@router.post("/v1/chat/completions", responses=STREAMED)
async def create_chat_completion(request: Request, body: ChatRequest, model: TheModel) -> Response:
    """Answer a conversation."""
    rules = await chat_rules(body, model.tokenizer.control_tokens)
    params = rules.applied(chat_params(body))
    prompt = await encode_messages(model, body.messages, rules.tools)
    form = ChatFormat(model.name, model.tokenizer, shows_usage=body.wants_usage)
    if rules.names:
        form = ToolChatFormat(model.name, model.tokenizer, rules.names, shows_usage=body.wants_usage)

    def remember(generation: Generation) -> None:
        for choice in generation.choices:
            model.prompts.remember(choice.text, choice.token_ids)

    try:
        return await respond(request, body, model, form, [prompt], params, remember, rules.grammar)
    except PromptTooLongError as error:
        raise ApiError(400, str(error), param="messages", code="context_length_exceeded") from error


async def encode_messages(
    model: ServedModel, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] | None = None
) -> list[int]:
    """The token ids of a conversation. Raises InvalidRequestError naming the field."""
    renamed = [{**m, "role": "system"} if m.get("role") == "developer" else m for m in messages]
    return await model.encode_chat(renamed, tools)
