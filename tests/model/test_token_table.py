"""A tokenizer's table is made once, kept whole, made again when damaged, and only for files of Qwen2's kind."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tokenizers

from qingmo import _native
from qingmo.model.byte_pairs import load_byte_pairs
from qingmo.model.library_byte_pairs import LibraryBytePairs
from qingmo.model.token_table import open_token_table


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("QINGMO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def changed(toy_folder: Path, **changes: Any) -> bytes:
    return json.dumps({**json.loads((toy_folder / "tokenizer.json").read_bytes()), **changes}).encode()


MODEL_OPTIONS = [{"ignore_merges": True}, {"byte_fallback": True}, {"continuing_subword_prefix": "##"}, {"new": None}]
OTHER_KINDS: list[dict[str, Any]] = [
    {"normalizer": None},
    {"normalizer": {"type": "NFKC"}},
    {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}},
    {"added_tokens": None, "model": None},
]


@pytest.mark.parametrize("changes", OTHER_KINDS)
def test_files_of_another_kind_get_no_table(toy_folder: Path, cache: Path, changes: dict[str, Any]) -> None:
    assert open_token_table(changed(toy_folder, **changes)) is None
    assert not list(cache.rglob("*.table"))


@pytest.mark.parametrize("option", MODEL_OPTIONS)
def test_models_with_other_options_get_no_table(toy_folder: Path, cache: Path, option: dict[str, Any]) -> None:
    model = json.loads((toy_folder / "tokenizer.json").read_bytes())["model"]
    assert open_token_table(changed(toy_folder, model={**model, **option})) is None


def test_a_file_of_another_kind_is_read_by_the_library(toy_folder: Path, cache: Path) -> None:
    content = changed(toy_folder, normalizer=None)
    pairs, added = load_byte_pairs(Path("tokenizer.json"), content)
    assert isinstance(pairs, LibraryBytePairs)
    assert [entry["content"] for entry in added] == [entry["content"] for entry in json.loads(content)["added_tokens"]]
    # Not composed, as nothing says so.
    assert b"".join(pairs.token_bytes(i) or b"" for i in pairs.encode("e\u0301")) == "e\u0301".encode()


def test_a_table_is_made_once_for_all_files_with_the_same_content(toy_folder: Path, cache: Path) -> None:
    content = (toy_folder / "tokenizer.json").read_bytes()
    assert open_token_table(content) is not None
    (table,) = cache.rglob("*.table")
    made = table.stat()
    assert open_token_table(content) is not None
    assert (table.stat().st_ino, table.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    assert open_token_table(content + b"\n") is not None
    assert len(list(cache.rglob("*.table"))) == 2
    assert not list(cache.rglob("*.tmp"))


@pytest.mark.parametrize("size", [0, 10, 100, -8, -1])
def test_a_table_that_is_cut_off_is_made_again(toy_folder: Path, cache: Path, size: int) -> None:
    content = (toy_folder / "tokenizer.json").read_bytes()
    ids = open_token_table(content).encode("hello world")  # type: ignore[union-attr]
    (table,) = cache.rglob("*.table")
    whole = table.read_bytes()
    table.write_bytes(whole[:size])
    assert open_token_table(content).encode("hello world") == ids  # type: ignore[union-attr]
    assert table.read_bytes() == whole


def test_a_table_with_any_changed_byte_is_made_again(toy_folder: Path, cache: Path) -> None:
    content = (toy_folder / "tokenizer.json").read_bytes()
    open_token_table(content)
    (table,) = cache.rglob("*.table")
    whole = table.read_bytes()
    places = [*range(0, 40), *range(40, len(whole), len(whole) // 50), *range(len(whole) - 8, len(whole))]
    for place in places:
        table.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(RuntimeError, match=table.name):
            _native.TokenTable(str(table))
    open_token_table(content)
    assert table.read_bytes() == whole


def test_where_no_table_can_be_kept_the_library_reads_the_file(
    toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("QINGMO_CACHE", str(tmp_path / "file"))
    path = toy_folder / "tokenizer.json"
    with caplog.at_level(logging.WARNING):
        pairs, _ = load_byte_pairs(path, path.read_bytes())
    assert isinstance(pairs, LibraryBytePairs)
    assert "cannot be kept" in caplog.text


def test_with_a_table_the_library_is_not_even_imported(toy_folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from qingmo.model.tokenizer import Tokenizer\n"
        "print(Tokenizer.from_folder(Path(sys.argv[1])).encode('hi'), 'tokenizers' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    out = subprocess.check_output([sys.executable, "-c", code, str(toy_folder)], env=environment, text=True)
    original = tokenizers.Tokenizer.from_file(str(toy_folder / "tokenizer.json"))
    assert out.split(" ")[-1].strip() == "False"
    assert json.loads(out.rsplit(" ", 1)[0]) == original.encode("hi").ids
