"""What a person sees and does on the chat page."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

PATIENCE = 40  # seconds, for a machine that is busy with something else


class ChatPage:
    def __init__(self, page: Page, requested: list[str]) -> None:
        self.page = page
        self.requested = requested
        """Every address the browser has asked for."""
        self.message = page.get_by_role("textbox", name="Message")
        self.questions = page.locator(".question")
        self.answers = page.locator(".answer")
        self.conversations = page.locator(".conversation-title")

    def send(self, question: str) -> None:
        self.message.fill(question)
        self.message.press("Enter")

    def ask(self, question: str) -> Locator:
        """Asks and waits for the end of the answer, which is returned."""
        count = self.answers.count()
        self.send(question)
        expect(self.answers).to_have_count(count + 1)
        return self.finished()

    def finished(self) -> Locator:
        expect(self.page.locator(".answer[aria-busy=true]")).to_have_count(0)
        return self.answers.last

    def until(self, script: str) -> None:
        """Waits until the script gives something true. (Playwright's own way is eval, which the policy forbids.)"""
        deadline = time.monotonic() + PATIENCE
        while not self.page.evaluate(script):
            assert time.monotonic() < deadline, f"never true: {script}"
            self.page.wait_for_timeout(20)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def open_settings(self) -> Locator:
        self.button("Settings").click()
        return self.page.get_by_role("complementary", name="Settings")

    def conversation_menu(self, title: str, action: str) -> None:
        self.page.get_by_role("button", name=f"More for “{title}”").click()
        self.page.locator(".menu").get_by_role("button", name=action).click()

    def download(self, button: Locator, folder: Path) -> Path:
        with self.page.expect_download() as started:
            button.click()
        path = folder / started.value.suggested_filename
        started.value.save_as(path)
        return path

    def import_file(self, path: Path) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.button("Import").click()
        chooser.value.set_files(path)
