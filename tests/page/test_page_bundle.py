"""What is built: small, self-contained, and from a lock file that names no registry."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from qingmo.server.page import PAGE_FOLDER

REPOSITORY = Path(__file__).resolve().parents[2]
LARGEST = 100_000  # bytes, compressed

pytestmark = pytest.mark.skipif(
    not (PAGE_FOLDER / "index.html").is_file(), reason="the page is not built (scripts/build_page.py)"
)


def loaded_at_once() -> list[Path]:
    """index.html and what it loads, directly or by static imports."""
    html = (PAGE_FOLDER / "index.html").read_text()
    files = [PAGE_FOLDER / "index.html"]
    todo = [PAGE_FOLDER / path for path in re.findall(r'(?:src|href)="\./([^"]+)"', html)]
    while todo:
        file = todo.pop()
        if file in files:
            continue
        files.append(file)
        if file.suffix == ".js":
            todo += [file.parent / name for name in re.findall(r'(?:from|import)"\./([^"]+\.js)"', file.read_text())]
    return files


def test_the_page_is_under_100_kilobytes_without_mathematics() -> None:
    files = loaded_at_once()
    assert not [file.name for file in files if file.name.startswith("math-")]
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < LARGEST


def test_the_page_has_relative_addresses_and_no_inline_script_or_style() -> None:
    html = (PAGE_FOLDER / "index.html").read_text()
    assert not re.search(r'(?:src|href)="(?!\./)', html)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)
    for sheet in PAGE_FOLDER.glob("assets/*.css"):
        assert not re.findall(r"url\(['\"]?(?:https?:|//)|@import", sheet.read_text()), sheet.name


def test_the_notices_of_what_is_bundled_are_there() -> None:
    notices = (PAGE_FOLDER / "licenses.md").read_text()
    assert [name for name in ("preact", "marked", "dompurify", "highlight.js", "temml") if name not in notices] == []


def test_the_lock_file_names_no_registry_and_holds_every_hash() -> None:
    lock = json.loads((REPOSITORY / "web" / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages and not [name for name, package in packages.items() if "resolved" in package]
    assert not [name for name, package in packages.items() if "integrity" not in package]
