"""A real browser, the server that says what a test tells it to, and the rule that every page must keep: no script
fails, nothing violates the Content-Security-Policy, nothing is loaded from elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chat_page import PATIENCE, ChatPage
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, expect, sync_playwright
from scripted_server import Play, ScriptedServer

from qingmo.server.page import PAGE_FOLDER

CHROMIUM = shutil.which("chromium")
# Tests make the server refuse, or go away.
EXPECTED_CONSOLE = ("Failed to load resource: the server responded with a status of", "net::ERR_")

expect.set_options(timeout=1000 * PATIENCE)

OpenPage = Callable[..., ChatPage]


@pytest.fixture(scope="module")  # and not longer: while it is open no other test could run an event loop
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium (apt install chromium)")
    if not (PAGE_FOLDER / "index.html").is_file():
        pytest.skip("the page is not built (scripts/build_page.py)")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture(scope="session")
def scripted_server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.stop()


@pytest.fixture
def play(scripted_server: ScriptedServer) -> Iterator[Play]:
    """What the server of this test says."""
    scripted_server.play = Play()
    yield scripted_server.play
    scripted_server.play.release.set()


class Watched:
    """A browser's context in which nothing bad may happen."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context = context
        self.address = address
        self.requested: list[str] = []
        self.bad: list[str] = []
        context.on("request", lambda request: self.requested.append(request.url))
        context.on("weberror", lambda error: self.bad.append(str(error.error)))
        context.on("dialog", lambda dialog: self.bad.append(f"dialog: {dialog.message}"))
        context.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(text in message.text for text in EXPECTED_CONSOLE):
            self.bad.append(message.text)

    def open(self) -> ChatPage:
        page = self.context.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        chat = ChatPage(page, self.requested)
        page.goto(self.address)
        page.wait_for_selector(".composer")
        return chat

    def check(self) -> None:
        origin = "/".join(self.address.split("/")[:3]) + "/"
        elsewhere = [url for url in self.requested if not url.startswith((origin, "blob:" + origin))]
        assert not elsewhere, f"loaded from elsewhere: {elsewhere}"
        assert not self.bad, self.bad


@pytest.fixture
def open_page(browser: Browser, scripted_server: ScriptedServer, play: Play) -> Iterator[OpenPage]:
    """open_page(locale="zh-CN", ...) -> a page in a browser of its own; open_page(beside=chat) in the same browser."""
    contexts: dict[BrowserContext, Watched] = {}

    def open_(*, beside: ChatPage | None = None, address: str = scripted_server.address, **options: Any) -> ChatPage:
        if beside is not None:
            return contexts[beside.page.context].open()
        options = {"locale": "en-US", "viewport": {"width": 1280, "height": 800}} | options
        context = browser.new_context(**options)
        contexts[context] = Watched(context, address)
        return contexts[context].open()

    yield open_
    for context, watched in contexts.items():
        context.close()
        watched.check()


@pytest.fixture
def chat(open_page: OpenPage) -> ChatPage:
    """The page as a first visit on a wide screen finds it."""
    return open_page()
