"""Where the cache is, and what happens where it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from qingmo.errors import PackedFileError
from qingmo.model.cache import cache_folder, exclusive, make_folder


def test_the_folder_is_qingmo_cache_then_xdg_then_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("QINGMO_CACHE", "~/mine")
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("QINGMO_CACHE")
    assert cache_folder() == tmp_path / "xdg" / "qingmo"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == tmp_path / ".cache" / "qingmo"


def test_a_folder_that_cannot_be_made_names_itself_and_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PackedFileError, match=r"file/packed cannot be used: Not a directory\. Set QINGMO_CACHE"):
        make_folder(tmp_path / "file" / "packed")
    with (
        pytest.raises(PackedFileError, match=r"missing cannot be used: No such file"),
        exclusive(tmp_path / "missing", lambda: None),
    ):
        pass


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), exclusive(tmp_path, lambda: None):
        raise KeyError
    with exclusive(tmp_path, lambda: pytest.fail("still held")):
        pass
