"""GET /v1/status: what runs now, for people."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from qingmo.config import BLOCK_SIZE
from qingmo.server.service import TheModel, TheService

router = APIRouter()


@router.get("/v1/status")
async def status(service: TheService, model: TheModel) -> Response:
    """The model, its memory, its queue, and each request at work."""
    now = model.engine.status()
    shown: dict[str, Any] = {
        "model": model.name,
        "up_seconds": round(time.monotonic() - service.started),
        "running": now.running,
        "waiting": now.waiting,
        "kv_cache_tokens": {
            "in_use": BLOCK_SIZE * now.kv_blocks_used,
            "cached": BLOCK_SIZE * now.kv_blocks_cached,
            "total": BLOCK_SIZE * now.kv_blocks_total,
        },
        "since_the_start": asdict(now.counters),
        "requests": [{**asdict(request), "seconds": round(request.seconds, 2)} for request in now.requests],
    }
    return Response(json.dumps(shown, indent=2) + "\n", media_type="application/json")
