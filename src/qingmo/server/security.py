"""Who may pass: a known Host, and a key where keys are asked for. Everything else is refused before any route."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Sequence

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from qingmo.server.access_code import AccessCode
from qingmo.server.errors import ApiError
from qingmo.server.hosts import Hosts
from qingmo.server.paths import CODE_PATH, HEALTH_PATHS
from qingmo.server.request_log import log_refusal

PAGE_PATHS = frozenset({"/", CODE_PATH})
ASSETS = "/assets/"


class ApiKeys:
    """Compares in constant time. Without any key, none is asked for."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]

    def __bool__(self) -> bool:
        return bool(self._keys)

    def number_of(self, authorization: str | None) -> int | None:
        """Which key, counted from 1, an Authorization header brings; None where it brings none of them."""
        scheme, _, given = (authorization or "").partition(" ")
        found = None
        for number, key in enumerate(self._keys, 1):
            if secrets.compare_digest(given.strip().encode(), key):
                found = number
        return found if scheme.lower() == "bearer" else None


class Guard:
    """The middleware. page_files: paths beside `/` and `/assets/` that belong to the page and need no key."""

    def __init__(
        self, app: ASGIApp, *, keys: ApiKeys, hosts: Hosts, access_code: AccessCode, page_files: Collection[str] = ()
    ) -> None:
        self._app = app
        self._keys = keys
        self._hosts = hosts
        self._access_code = access_code
        self._page_paths = PAGE_PATHS | frozenset(page_files)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]
        key = self._keys.number_of(headers.get("authorization"))
        state = scope.setdefault("state", {})
        state["arrived"] = time.monotonic()
        state["client"] = _client_name(scope, key)
        if path in HEALTH_PATHS:
            await self._app(scope, receive, send)
        elif not (key or self._hosts.allow(headers.get("host")) or self._access_code.opens(headers)):
            await self._meet_a_stranger(scope, receive, send)
        elif self._keys and not key and not self._is_page(path):
            await _refuse(_key_needed(headers), scope, receive, send)
        elif path == CODE_PATH and scope["method"] == "POST":
            await (await self._access_code.enter(Request(scope, receive)))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _meet_a_stranger(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path, method = scope["path"], scope["method"]
        if path == CODE_PATH and method == "POST":
            await (await self._access_code.enter(request))(scope, receive, send)
        elif path == "/" and method in ("GET", "HEAD"):
            await self._access_code.form()(scope, receive, send)
        else:
            await _refuse(_unknown_host(request.headers.get("host", "")), scope, receive, send)

    def _is_page(self, path: str) -> bool:
        return path in self._page_paths or path.startswith(ASSETS)


def _client_name(scope: Scope, key: int | None) -> str:
    if key is not None:
        return f"key {key}"
    return scope["client"][0][:64] if scope.get("client") else "local"


async def _refuse(error: ApiError, scope: Scope, receive: Receive, send: Send) -> None:
    log_refusal(HTTPConnection(scope), error)
    await error.response()(scope, receive, send)


def _key_needed(headers: Headers) -> ApiError:
    brought = "is not one of this server's" if headers.get("authorization") else "is missing"
    return ApiError(
        401,
        f"The API key {brought}. Send it in the header: Authorization: Bearer KEY.",
        code="invalid_api_key",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _unknown_host(host: str) -> ApiError:
    return ApiError(
        403,
        f"This server does not go by the name {host[:256]!r}. Start it with --allowed-hosts and that name, send an API "
        "key, or open its page and enter the code that its terminal shows.",
        code="unknown_host",
    )
