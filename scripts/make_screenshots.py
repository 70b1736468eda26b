#!/usr/bin/env python3
"""Draws docs/page/*.png, the pictures of the chat page in the READMEs, with the server that the page's tests use.

PYTHONPATH=src .venv/bin/python scripts/make_screenshots.py
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests" / "page"))

from chat_page import ChatPage  # noqa: E402
from scripted_server import Play, ScriptedServer  # noqa: E402

FOLDER = REPOSITORY / "docs" / "page"
WIDE = {"viewport": {"width": 1200, "height": 760}}
PHONE = {"viewport": {"width": 390, "height": 760}, "has_touch": True, "is_mobile": True}

CODE = """```python
def sum_of_even_squares(numbers):
    \"\"\"Add up the squares of the even numbers.\"\"\"
    return sum(n * n for n in numbers if n % 2 == 0)
```"""
TALKS = {
    "en": [
        (
            "Three facts about bamboo",
            "1. It is a grass.\n2. It can grow 90 cm in a day.\n3. Some kinds bloom once a century.",
        ),
        ("How warm should a greenhouse be?", "Between **18 and 26 °C** by day suits most vegetables."),
        (
            "Write a Python function that returns the sum of the even squares in a list",
            f"Here it is:\n\n{CODE}\n\nIt goes through the list once. For $1, 2, \\dots, 2n$ the sum is "
            "$\\frac{2n(n+1)(2n+1)}{3}$; for example, `sum_of_even_squares([1, 2, 3, 4])` is 20.",
        ),
    ],
    "zh": [
        (
            "用春风、柳枝、纸鸢这三个词写一首诗",
            "春风轻拂小桥边，\n柳枝垂影入清泉。\n纸鸢高飞云外去，\n童声笑语满晴天。",
        ),
        ("温室里多少度合适？", "白天 **18 到 26 °C** 适合大多数蔬菜。"),
        (
            "写一个 Python 函数，求列表中偶数的平方和",
            f"函数如下：\n\n{CODE}\n\n它只遍历一次列表。对 $1, 2, \\dots, 2n$，结果是 "
            "$\\frac{2n(n+1)(2n+1)}{3}$；例如 `sum_of_even_squares([1, 2, 3, 4])` 等于 20。",
        ),
    ],
}
LOCALES = {"en": "en-US", "zh": "zh-CN"}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    server = ScriptedServer()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for language in LOCALES:
            draw(browser, server, language)
        browser.close()
    server.stop()


def draw(browser: Browser, server: ScriptedServer, language: str) -> None:
    """Writes chat, settings and phone in one language."""
    page = talk(browser, server, language, color_scheme="light", **WIDE)
    save(page, f"chat.{language}.png")
    page = talk(browser, server, language, color_scheme="dark", **WIDE)
    page.locator(".bar-end button").click()
    save(page, f"settings.{language}.png")
    server.play = Play(demo=True, model="demo")
    page = open_page(browser, server, language, color_scheme="light", **PHONE)
    page.wait_for_selector(".demo")
    save(page, f"phone.{language}.png")
    server.play = Play()


def talk(browser: Browser, server: ScriptedServer, language: str, **options: Any) -> Page:
    """A page with some conversations, the last of them shown."""
    page = open_page(browser, server, language, **options)
    chat = ChatPage(page, [])
    chat.message = page.locator(".composer textarea")
    for question, answer in TALKS[language]:
        page.locator(".new-chat").click()
        server.play.pieces = [answer]
        chat.ask(question)
    page.wait_for_selector(".answer math")
    page.locator(".bar-title").click()
    return page


def open_page(browser: Browser, server: ScriptedServer, language: str, **options: Any) -> Page:
    page = browser.new_context(locale=LOCALES[language], **options).new_page()
    page.goto(server.address)
    page.wait_for_selector(".composer")
    return page


def save(page: Page, name: str) -> None:
    page.mouse.move(0, 400)
    page.wait_for_timeout(300)  # transitions
    page.screenshot(path=FOLDER / name, animations="disabled")


if __name__ == "__main__":
    main()
