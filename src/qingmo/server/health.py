"""GET /health: does it live? GET /ready: does it take requests? Both tell nothing that needs hiding."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

from qingmo.server.service import Service, TheService

router = APIRouter()


@router.get("/health")
async def health(service: TheService) -> JSONResponse:
    """200 from the moment the model is loaded."""
    return _state(service, ok=service.phase != "loading")


@router.get("/ready")
async def ready(service: TheService) -> JSONResponse:
    """200 while requests are taken."""
    return _state(service, ok=service.phase == "ready")


def _state(service: Service, *, ok: bool) -> JSONResponse:
    body = {"status": "ok" if service.phase == "ready" else str(service.phase)}
    if service.phase == "loading":
        body["message"] = service.progress
    return JSONResponse(body, 200 if ok else 503)
