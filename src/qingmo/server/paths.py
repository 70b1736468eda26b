"""Which path of a request is which, wherever a proxy shows the server."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

HEALTH_PATHS = frozenset({"/health", "/ready"})
CODE_PATH = "/access-code"

_PREFIX = re.compile(r"(/[\w.~-]+)+", re.ASCII)


class ProxiedPath:
    """Takes off the prefix under which a proxy shows the server, where the proxy has left it on.

    root_path: the prefix as configured; X-Forwarded-Prefix says it where nothing was. Every address the server gives
    out is relative, so a proxy that takes the prefix off by itself needs neither.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            prefix = self._root_path or _forwarded_prefix(scope)
            if prefix and scope["path"] == prefix:
                # The page's addresses are relative, and without the slash they would miss.
                await RedirectResponse(prefix.rpartition("/")[2] + "/")(scope, receive, send)
                return
            if prefix and scope["path"].startswith(prefix + "/"):
                scope = {**scope, "path": scope["path"].removeprefix(prefix)}
        await self._app(scope, receive, send)


def _forwarded_prefix(scope: Scope) -> str:
    prefix = Headers(scope=scope).get("x-forwarded-prefix", "").rstrip("/")
    return prefix if _PREFIX.fullmatch(prefix) else ""
