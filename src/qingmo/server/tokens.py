"""POST /tokenize and /detokenize: what the model makes of a text, and what ids stand for."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from qingmo.errors import InvalidRequestError
from qingmo.server.chat import encode_messages
from qingmo.server.json_body import JsonRoute
from qingmo.server.protocol import DetokenizeRequest, TokenizeRequest
from qingmo.server.service import TheModel

router = APIRouter(route_class=JsonRoute)


@router.post("/tokenize")
async def tokenize(body: TokenizeRequest, model: TheModel) -> dict[str, Any]:
    """The token ids of a text, or of a conversation as the model gets it."""
    if body.messages is not None and body.prompt is None:
        tokens = await encode_messages(model, body.messages)
    elif body.prompt is not None and body.messages is None:
        tokens = await model.encode(body.prompt)
    else:
        raise InvalidRequestError("Give either prompt, a text, or messages, a conversation.", field="prompt")
    return {"count": len(tokens), "max_model_len": model.max_model_len, "tokens": tokens}


@router.post("/detokenize")
async def detokenize(body: DetokenizeRequest, model: TheModel) -> dict[str, Any]:
    """The text of token ids, control tokens included; ids without a token give nothing."""
    return {"prompt": model.tokenizer.decode(body.tokens, skip_special=False)}
