"""Errors as OpenAI's clients expect them: {"error": {"message", "type", "param", "code"}} with the right status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from qingmo.errors import (
    EngineError,
    InvalidRequestError,
    PromptTooLongError,
    QingmoError,
    QueueFullError,
    StoppingError,
)

_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
RETRY_SOON = {"Retry-After": "5"}


class ErrorDescription(BaseModel):
    """What is inside `error`."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """The body of every answer that is an error."""

    error: ErrorDescription


ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody, "description": "The request cannot be served as asked; the message says why."},
    "5XX": {"model": ErrorBody, "description": "The server cannot answer now."},
}


class ApiError(HTTPException):
    """An answer that is an error. param: the field it is about; code: a short name that programs may look for."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, headers)
        self.param = param
        self.code = code

    @property
    def type(self) -> str:
        return _TYPES.get(self.status_code, "server_error" if self.status_code >= 500 else "invalid_request_error")

    @property
    def body(self) -> dict[str, Any]:
        message, param = _writable(self.detail), self.param and _writable(self.param)
        return {"error": {"message": message, "type": self.type, "param": param, "code": self.code}}

    def response(self) -> JSONResponse:
        return JSONResponse(self.body, self.status_code, self.headers)


def _writable(text: str) -> str:
    """Text that quotes a request may hold half a surrogate pair, which UTF-8 cannot."""
    return text.encode("utf-8", "backslashreplace").decode()


def api_error(error: Exception) -> ApiError:
    """What a client is told about an error. Of one that nobody foresaw, nothing but that it happened."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, HTTPException):
        return ApiError(error.status_code, error.detail, headers=error.headers)
    if isinstance(error, PromptTooLongError):
        return ApiError(400, str(error), param=error.field, code="context_length_exceeded")
    if isinstance(error, InvalidRequestError):
        return ApiError(400, str(error), param=error.field, code="invalid_value")
    if isinstance(error, QueueFullError):
        return ApiError(429, str(error), code="queue_full", headers={"Retry-After": f"{error.retry_after:.0f}"})
    if isinstance(error, StoppingError):
        return ApiError(503, str(error), code="stopping", headers=RETRY_SOON)
    if isinstance(error, EngineError):
        return ApiError(500, str(error), code="engine_failed")
    if isinstance(error, QingmoError):
        return ApiError(400, str(error))
    return ApiError(500, "The server failed at this request; its log says where.", code="internal_error")
