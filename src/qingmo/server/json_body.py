"""Reads a request's body: JSON alone, within limits, and a refusal that says what is wrong with anything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute

from qingmo.server.errors import ApiError

MAX_BODY = 1 << 20
"""Bytes. 32,768 tokens of Chinese take 160 kB, or 320 kB as JSON escapes; tokenizing a megabyte takes half a second."""
MAX_DEPTH = 64
"""Of nested lists and objects; JSON schemas of real tools stay below 20."""


class JsonRoute(APIRoute):
    """A route whose body is read by JsonRequest: `APIRouter(route_class=JsonRoute)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def with_json_request(request: Request) -> Response:
            return await handle(JsonRequest(request.scope, request.receive))

        return with_json_request


class JsonRequest(Request):
    """`body` and `json` raise ApiError where starlette's would give something that is no JSON, or fail."""

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            _require_json(self.headers.get("content-type"))
            self._body = await self._read()
        return self._body

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = parse_json(await self.body())
        return self._json

    async def _read(self) -> bytes:
        if int(self.headers.get("content-length", "0")) > MAX_BODY:
            raise _too_large()
        body = bytearray()
        async for piece in self.stream():
            body += piece
            if len(body) > MAX_BODY:
                raise _too_large()
        return bytes(body)


def parse_json(body: bytes) -> Any:
    """What RFC 8259 calls JSON, in UTF-8, not nested too deep. Raises ApiError 400."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise _bad_json(f"it is not UTF-8 text (byte {error.start})") from error
    except RecursionError as error:
        raise _bad_json(f"it is nested more than {MAX_DEPTH} deep") from error
    except json.JSONDecodeError as error:
        raise _bad_json(f"{error.msg} at line {error.lineno}, column {error.colno}") from error
    except ValueError as error:  # a whole number of thousands of digits
        raise _bad_json("it holds a number that is too long") from error
    _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for outer in level for inner in _content(outer) if isinstance(inner, list | dict)]
        if not level:
            return
    raise _bad_json(f"it is nested more than {MAX_DEPTH} deep")


def _content(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _require_json(content_type: str | None) -> None:
    """Pages of other sites can send forms and plain text to an address they may not read, but no JSON."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise ApiError(
            415,
            f"The body's Content-Type is {media_type or 'missing'}; it must be application/json "
            "(with curl: -H 'Content-Type: application/json').",
            code="unsupported_media_type",
        )


def _refuse_constant(name: str) -> NoReturn:
    raise _bad_json(f"{name} is no JSON number")


def _bad_json(reason: str) -> ApiError:
    return ApiError(400, f"The body cannot be read as JSON: {reason}.", code="invalid_json")


def _too_large() -> ApiError:
    return ApiError(413, f"The body is larger than {MAX_BODY} bytes.", code="body_too_large")
