"""GET /health: does it live? GET /ready: does it take requests? Both tell nothing that needs hiding."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

from qingmo.server.service import TheService

router = APIRouter()


@router.get("/health")
async def health(service: TheService) -> JSONResponse:
    """200 from the moment the model is loaded, for as long as its engine works."""
    return _answer(service.phase in ("ready", "stopping"), service.phase, service.progress)


@router.get("/ready")
async def ready(service: TheService) -> JSONResponse:
    """200 while requests are taken."""
    return _answer(service.phase == "ready", service.phase, service.progress)


def _answer(is_well: bool, phase: str, message: str) -> JSONResponse:
    body = {"status": "ok" if phase == "ready" else phase}
    return JSONResponse(body if is_well else {**body, "message": message}, 200 if is_well else 503)
