"""The web application: routes, what stands before them, and what becomes of errors."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from qingmo import __version__
from qingmo.errors import QingmoError
from qingmo.server import chat, completions, health, metrics, models, status, tokens
from qingmo.server.access_code import AccessCode
from qingmo.server.config import ServerConfig
from qingmo.server.errors import ERROR_RESPONSES, ApiError, api_error
from qingmo.server.hosts import Hosts
from qingmo.server.page import PAGE_FOLDER, add_page, page_files
from qingmo.server.paths import ProxiedPath
from qingmo.server.request_log import log_failure, log_refusal
from qingmo.server.security import ApiKeys, Guard
from qingmo.server.service import Service
from qingmo.server.validation import field_error

_ROUTERS = (chat.router, completions.router, models.router, tokens.router, status.router, metrics.router, health.router)


def create_app(
    service: Service,
    config: ServerConfig | None = None,
    *,
    access_code: AccessCode | None = None,
    routers: Iterable[APIRouter] = (),
    page: Path = PAGE_FOLDER,
) -> FastAPI:
    """The application that serves `service`. routers: what other parts of Qingmo add. page: the built chat page."""
    config = config or ServerConfig()
    # FastAPI's own pages about the API load scripts from elsewhere.
    app = FastAPI(title="Qingmo", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.service = service
    for router in (*_ROUTERS, *routers):
        app.include_router(router, responses=ERROR_RESPONSES)
    app.add_api_route("/v1/embeddings", _no_embeddings, methods=["POST"], include_in_schema=False)
    add_page(app, page)
    _answer_errors(app)
    app.add_middleware(
        Guard,
        keys=ApiKeys(config.api_keys),
        hosts=Hosts(config.hosts),
        access_code=access_code or AccessCode(),
        page_files=page_files(page),
    )
    if config.allowed_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=config.allowed_origins, allow_methods=["*"], allow_headers=["*"]
        )
    app.add_middleware(ProxiedPath, root_path=config.root_path)  # the last one added is the first to see a request
    return app


async def _no_embeddings() -> None:
    raise ApiError(404, "The model served makes no embeddings.", code="no_embeddings")


def _answer_errors(app: FastAPI) -> None:
    app.add_exception_handler(RequestValidationError, _answer_bad_fields)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(QingmoError, _answer_error)
    app.add_exception_handler(Exception, _answer_and_log)


async def _answer_error(request: Request, error: Exception) -> Response:
    return _refuse(request, api_error(error))


async def _answer_http_error(request: Request, error: Exception) -> Response:
    known = api_error(error)
    if not isinstance(error, ApiError) and known.status_code in (404, 405):
        known = ApiError(
            known.status_code,
            f"There is no {request.method} {request.scope['path'][:256]} here. See openapi.json for what there is.",
            code="no_such_address",
            headers=known.headers,
        )
    return _refuse(request, known)


async def _answer_bad_fields(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _refuse(request, field_error(error.errors(), _body_model(request)))


async def _answer_and_log(request: Request, error: Exception) -> Response:
    log_failure(request, error)
    return api_error(error).response()


def _refuse(request: Request, error: ApiError) -> Response:
    log_refusal(request, error)
    return error.response()


def _body_model(request: Request) -> type[BaseModel] | None:
    """The model that the matched route reads its body by."""
    field = getattr(request.scope.get("route"), "body_field", None)
    model = field.field_info.annotation if field is not None else None
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None
