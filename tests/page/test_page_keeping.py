"""Conversations in the browser: kept, named, found, removed, taken away and brought back."""

from __future__ import annotations

import json
from pathlib import Path

from chat_page import ChatPage
from conftest import OpenPage
from playwright.sync_api import expect
from scripted_server import Play


def test_a_reload_finds_everything_where_it_was(chat: ChatPage, play: Play) -> None:
    chat.ask("One")
    chat.page.locator(".new-chat").click()
    chat.ask("Two")
    chat.message.fill("A draft")
    chat.page.reload()
    expect(chat.conversations).to_have_text(["Two", "One"])
    expect(chat.questions.locator(".bubble")).to_have_text("Two")
    expect(chat.answers).to_contain_text("first token 0.12 s")
    expect(chat.message).to_have_value("A draft")


def test_a_reload_in_the_middle_of_an_answer_loses_nothing_of_it(chat: ChatPage, play: Play) -> None:
    play.pieces, play.hold_at = ["Written ", "so far", "never"], 2
    chat.send("Tell me")
    expect(chat.answers).to_have_text("Written so far")
    chat.page.reload()
    expect(chat.answers).to_contain_text("Written so far")
    expect(chat.answers).to_contain_text("Not complete")
    chat.page.reload()
    expect(chat.answers).to_contain_text("Written so far")
    play.pieces, play.hold_at = ["Whole."], None
    chat.button("Another answer").click()
    expect(chat.finished()).to_contain_text("Whole.")


def test_what_was_not_saved_yet_is_kept_when_the_page_closes(chat: ChatPage, play: Play) -> None:
    chat.page.add_init_script("window.setInterval = () => 0")  # nothing is saved on the way
    chat.page.reload()
    play.pieces, play.hold_at = ["Written so far", "never"], 1
    chat.send("Tell me")
    expect(chat.answers).to_have_text("Written so far")
    chat.page.reload()
    expect(chat.answers).to_contain_text("Written so far")


def test_what_the_store_had_no_time_for_is_kept_when_the_page_closes(chat: ChatPage, play: Play) -> None:
    chat.page.add_init_script("IDBObjectStore.prototype.put = () => ({})")  # a request that is never done
    chat.page.reload()
    play.pieces, play.hold_at = ["Written so far", "never"], 1
    chat.send("Tell me")
    expect(chat.answers).to_have_text("Written so far")
    for _ in range(2):  # what was read from the journal is not saved either
        chat.page.reload()
        expect(chat.questions.locator(".bubble")).to_have_text("Tell me")
        expect(chat.answers).to_contain_text("Written so far")


def test_an_answer_is_saved_while_it_is_written(chat: ChatPage, play: Play) -> None:
    play.pieces, play.hold_at = ["Written so far", "never"], 1
    chat.send("Tell me")
    saved = """new Promise(done => {
        indexedDB.open("qingmo").onsuccess = ({target}) =>
            target.result.transaction("conversations").objectStore("conversations").getAll().onsuccess =
                ({target}) => done(JSON.stringify(target.result).includes("Written so far"))
    })"""
    chat.until(saved)


def test_back_and_forward_go_through_the_conversations(chat: ChatPage, play: Play) -> None:
    chat.ask("One")
    chat.page.locator(".new-chat").click()
    chat.ask("Two")
    chat.conversations.get_by_text("One").click()
    expect(chat.questions.locator(".bubble")).to_have_text("One")
    chat.page.go_back()
    expect(chat.questions.locator(".bubble")).to_have_text("Two")


def test_another_tab_shows_the_same_conversations(chat: ChatPage, open_page: OpenPage, play: Play) -> None:
    other = open_page(beside=chat)
    chat.ask("From the first tab")
    expect(other.conversations).to_have_text(["From the first tab"])
    other.conversations.click()
    expect(other.answers).to_contain_text("An answer.")


def test_a_conversation_is_renamed(chat: ChatPage, play: Play) -> None:
    chat.ask("One")
    chat.conversation_menu("One", "Rename")
    chat.page.get_by_role("textbox", name="New name").fill("Uno")
    chat.page.keyboard.press("Enter")
    expect(chat.conversations).to_have_text("Uno")
    expect(chat.page.get_by_role("heading", level=1)).to_have_text("Uno")
    chat.page.reload()
    expect(chat.conversations).to_have_text("Uno")


def test_escape_keeps_the_old_name(chat: ChatPage, play: Play) -> None:
    chat.ask("One")
    chat.conversation_menu("One", "Rename")
    chat.page.get_by_role("textbox", name="New name").fill("Uno")
    chat.page.keyboard.press("Escape")
    expect(chat.conversations).to_have_text("One")


def test_a_search_looks_at_titles_and_messages(chat: ChatPage, play: Play) -> None:
    play.pieces = ["About the moon."]
    chat.ask("One")
    chat.page.locator(".new-chat").click()
    play.pieces = ["关于河流。"]
    chat.ask("Two")
    search = chat.page.get_by_role("searchbox", name="Search conversations")
    search.fill("MOON")
    expect(chat.conversations).to_have_text(["One"])
    search.fill("河流")
    expect(chat.conversations).to_have_text(["Two"])
    search.fill("sun")
    expect(chat.page.get_by_text("Nothing found.")).to_be_visible()


def test_a_deleted_conversation_can_be_brought_back(chat: ChatPage, play: Play) -> None:
    chat.ask("One")
    chat.conversation_menu("One", "Delete")
    expect(chat.conversations).to_have_count(0)
    expect(chat.page.get_by_role("heading", name="What shall we talk about?")).to_be_visible()
    chat.button("Undo").click()
    expect(chat.conversations).to_have_text("One")
    chat.conversation_menu("One", "Delete")
    chat.page.reload()
    expect(chat.conversations).to_have_count(0)


def test_everything_exported_is_imported_elsewhere(open_page: OpenPage, play: Play, tmp_path: Path) -> None:
    here, there = open_page(), open_page()
    here.ask("One")
    here.button("Another answer").click()
    here.finished()
    here.page.locator(".new-chat").click()
    here.ask("Two")
    file = here.download(here.button("Export all"), tmp_path)
    assert len(json.loads(file.read_text())["conversations"]) == 2
    there.import_file(file)
    expect(there.page.get_by_role("status").get_by_text("2 conversations imported.")).to_be_visible()
    expect(there.conversations).to_have_text(["Two", "One"])
    there.conversations.get_by_text("One").click()
    expect(there.page.get_by_label("Version 2 of 2")).to_be_visible()


def test_markdown_is_exported_and_imported(open_page: OpenPage, play: Play, tmp_path: Path) -> None:
    here, there = open_page(), open_page()
    play.pieces = ["A *good* answer."]
    here.ask("One")
    here.page.get_by_role("button", name="More for “One”").click()
    file = here.download(here.page.locator(".menu").get_by_role("button", name="Export as Markdown"), tmp_path)
    assert file.name == "One.md" and "A *good* answer." in file.read_text()
    there.import_file(file)
    there.conversations.get_by_text("One").click()
    expect(there.answers.locator("em")).to_have_text("good")


def test_a_foreign_file_is_refused_in_words(chat: ChatPage, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"some": "thing"}')
    chat.import_file(file)
    expect(chat.page.get_by_role("status").get_by_text("holds no conversations")).to_be_visible()
