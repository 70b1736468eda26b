"""axe finds nothing serious, in any state of the page; and whoever wants no motion gets none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chat_page import ChatPage
from conftest import OpenPage
from playwright.sync_api import expect
from scripted_server import Play

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
ANSWER = """# Title

Text with `code`, [a link](https://a.test), $x^2$.

```python
print('x')  # comment
```

> quote

| a |
| - |
| 1 |
"""

pytestmark = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (npm ci in web/)")


def complaints(chat: ChatPage) -> list[str]:
    chat.page.evaluate(AXE.read_text())
    result: dict[str, Any] = chat.page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['html']} {node['failureSummary']}"
        for violation in result["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [{}, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_serious(open_page: OpenPage, play: Play, scheme: str, device: dict[str, Any]) -> None:
    play.demo = True
    play.pieces = [ANSWER]
    chat = open_page(color_scheme=scheme, **device)
    chat.page.get_by_text("demo model is answering").click()
    assert complaints(chat) == []
    chat.ask("One")
    chat.button("Another answer").click()
    chat.finished()
    expect(chat.answers.locator("math")).to_have_count(1)
    assert complaints(chat) == []
    chat.open_settings().get_by_text("Advanced").click()
    assert complaints(chat) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_where_something_is_wrong(open_page: OpenPage, play: Play, scheme: str) -> None:
    play.key = "sesame"
    chat = open_page(color_scheme=scheme)
    chat.send("One")
    expect(chat.answers).to_contain_text("wants a key")
    chat.page.get_by_role("button", name="More for “One”").click()
    assert complaints(chat) == []


def test_the_list_and_the_chat_fit_a_phone(open_page: OpenPage, play: Play) -> None:
    play.pieces = ["```\n" + "a long line " * 30 + "\n```\n\n" + "averylongword" * 30]
    chat = open_page(**PHONE)
    chat.ask("One")
    assert chat.page.evaluate("document.documentElement.scrollWidth") <= 390
    chat.button("Show conversations").click()
    chat.conversations.click()
    expect(chat.page.get_by_role("navigation")).to_have_count(0)


def test_nothing_moves_for_those_who_want_no_motion(open_page: OpenPage, play: Play) -> None:
    play.hold_at = 0
    chat = open_page(reduced_motion="reduce")
    chat.send("One")
    dot = chat.page.locator(".dots i").first
    expect(dot).to_be_attached()
    assert dot.evaluate("dot => getComputedStyle(dot).animationName") == "none"
