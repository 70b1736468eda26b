"""The chat page: a built folder of static files, sent with headers that let nothing else in."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PAGE_FOLDER = Path(__file__).parent / "page"
INDEX = "index.html"
_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"
_SAFE = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FOREVER = "public, max-age=31536000, immutable"
_CHECK_FIRST = "no-cache"
_NO_PAGE = """Qingmo is running, but its chat page is not built.

The API is here: v1/chat/completions, v1/completions, v1/models (OpenAI's), tokenize, detokenize, metrics, v1/status.
To talk in the terminal instead: ./start.sh chat
To build the page, see web/ in the source.
"""


class PageFiles(StaticFiles):
    """Files under assets/ carry a hash of their content in their name, so they never change; the others may."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_SAFE)
        response.headers["Cache-Control"] = _FOREVER if path.startswith("assets/") else _CHECK_FIRST
        return response


def page_files(folder: Path) -> frozenset[str]:
    """The paths of the files beside the page: /favicon.svg and the like."""
    return frozenset("/" + file.name for file in folder.glob("*") if file.is_file())


def add_page(app: FastAPI, folder: Path) -> None:
    """Serve the page at / and its files by their names; where it is not built, say so at /."""
    if not (folder / INDEX).is_file():
        app.add_api_route("/", _say_it_is_not_there, include_in_schema=False)
        return
    files = PageFiles(directory=folder, html=True)

    async def send_file(request: Request) -> Response:
        return await files.get_response(files.get_path(request.scope), request.scope)

    for path in ("/", *page_files(folder), "/assets/{name:path}"):
        app.add_route(path, send_file, methods=["GET", "HEAD"], include_in_schema=False)


async def _say_it_is_not_there() -> Response:
    return PlainTextResponse(_NO_PAGE, headers=_SAFE)
