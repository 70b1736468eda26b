"""A page that asks whoever comes by an unknown name for a code that only the terminal shows.

So a platform's own proxy works at the first click, and a page that has bound its own name to this machine does not.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections import deque
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import HTMLResponse, Response

from qingmo.server.hosts import host_name

COOKIE = "qingmo_access"
TRIES_A_MINUTE = 5
"""Of a million codes: trying them all takes 139 days."""
MAX_FORM = 1024

_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:32em;margin:15vh auto;padding:0 1em}"
    "input,button{font:inherit;padding:.4em .6em}input{width:8em;letter-spacing:.2em}.wrong{color:#b00020}"
)
_PAGE = f"""<!doctype html>
<html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Qingmo 轻模</title><style>{_STYLE}</style>
<h1>Qingmo 轻模</h1>
<p>请输入启动 Qingmo 的终端里显示的六位数字。<br>
Enter the six digits shown in the terminal where Qingmo was started.</p>
%s<form method="post" action="access-code">
<input name="code" inputmode="numeric" autocomplete="off" maxlength="6" pattern="[0-9]{{6}}" required autofocus>
<button>打开 Open</button></form></html>
"""
_WRONG = '<p class="wrong">%s</p>\n'
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class AccessCode:
    """A code and the cookies it opens; both are new at each start."""

    def __init__(self) -> None:
        self.code = f"{secrets.randbelow(10**6):06}"
        self._secret = secrets.token_bytes(32)
        self._tries: deque[float] = deque(maxlen=TRIES_A_MINUTE)  # when the last ones were made

    def form(self, status: int = 403, message: str = "") -> Response:
        """The page with the form. The address it sends to is relative, so it works under any prefix."""
        return HTMLResponse(_PAGE % (_WRONG % message if message else ""), status, _HEADERS)

    def opens(self, headers: Headers) -> bool:
        """Whether a request brings the cookie that its Host was given."""
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return hmac.compare_digest(cookie.encode(), self._token(headers.get("host", "")).encode())

    async def enter(self, request: Request) -> Response:
        """What the form sent: to the page with a cookie, or the form again."""
        wait = self._seconds_until_next_try()
        if wait > 0:
            response = self.form(429, f"尝试过多，请稍后再试。Too many tries; wait {wait} s.")
            response.headers["Retry-After"] = str(wait)
            return response
        self._tries.append(time.monotonic())
        if not hmac.compare_digest((await _sent_code(request)).encode(), self.code.encode()):
            return self.form(403, "数字不对。That is not the code.")
        response = Response(status_code=303, headers={"Location": "./", "Cache-Control": "no-store"})
        secure = request.scope["scheme"] == "https"
        token = self._token(request.headers.get("host", ""))
        # No path: the browser takes the folder the form lies in, under whatever prefix that is.
        response.set_cookie(COOKIE, token, path=None, httponly=True, samesite="lax", secure=secure)
        return response

    def _token(self, host: str) -> str:
        return hmac.new(self._secret, host_name(host).encode(), hashlib.sha256).hexdigest()

    def _seconds_until_next_try(self) -> int:
        if len(self._tries) < TRIES_A_MINUTE:
            return 0
        return max(0, int(self._tries[0] + 60 - time.monotonic() + 1))


async def _sent_code(request: Request) -> str:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FORM:
            return ""
    return parse_qs(body.decode("latin-1")).get("code", [""])[0].strip()
