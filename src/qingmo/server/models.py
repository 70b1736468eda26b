"""GET /v1/models: the one model there is, and what the chat page wants to know of it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from qingmo.server.errors import ApiError
from qingmo.server.service import ServedModel, TheModel

router = APIRouter()

_SHOWN_DEFAULTS = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "max_tokens")


@router.get("/v1/models")
async def list_models(model: TheModel) -> dict[str, Any]:
    """The models served: one."""
    return {"object": "list", "data": [_entry(model)]}


@router.get("/v1/models/{name:path}")
async def get_model(name: str, model: TheModel) -> dict[str, Any]:
    """The model of this name."""
    if name != model.name:
        raise ApiError(404, f"There is no model {name[:256]!r} here, only {model.name!r}.", code="model_not_found")
    return _entry(model)


def _entry(model: ServedModel) -> dict[str, Any]:
    return {
        "id": model.name,
        "object": "model",
        "created": model.created,
        "owned_by": "qingmo",
        "max_model_len": model.max_model_len,
        "qingmo": {
            "demo": model.is_demo,
            "max_model_len": model.max_model_len,
            "defaults": {name: getattr(model.defaults, name) for name in _SHOWN_DEFAULTS},
        },
    }
