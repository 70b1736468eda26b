"""Qwen2's byte-level BPE as a table that is made once and mapped, in the cache beside the packed weights.

The tables of Qwen2.5's vocabulary are 4 MB, mapped in a millisecond and shared by all processes.
"""

from __future__ import annotations

import json
import logging
import os
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from qingmo import _native
from qingmo.errors import PackedFileError
from qingmo.model.cache import cache_folder, exclusive, make_folder
from qingmo.model.normal_form import composed
from qingmo.model.token_table_content import table_content

log = logging.getLogger(__name__)


class TableBytePairs:
    """BytePairs over a mapped table."""

    def __init__(self, table: _native.TokenTable) -> None:
        self._table = table
        self.added_tokens: list[Any] = json.loads(table.note)

    def encode(self, text: str) -> list[int]:
        return self._table.encode(composed(text).encode())

    def token_bytes(self, token_id: int) -> bytes | None:
        return self._table.token_bytes(token_id)

    def ids(self, limit: int) -> np.ndarray:
        valid = np.unpackbits(self._table.valid_ids().view(np.uint8), bitorder="little")
        return np.flatnonzero(valid[:limit])


def open_token_table(content: bytes) -> TableBytePairs | None:
    """The table of a tokenizer.json with this content, made where it is not there or damaged.

    None where the file is of another kind or damaged, and where there is no room for the table.
    """
    path = cache_folder() / "tokenizers" / f"{blake2b(content, digest_size=16).hexdigest()}.table"
    try:
        return TableBytePairs(_native.TokenTable(str(path)))
    except RuntimeError:
        pass
    made = table_content(content)
    if made is None:
        return None
    try:
        _write(path, made)
    except (PackedFileError, OSError) as error:
        log.warning("Starts are slower than they could be, because the tokenizer's table cannot be kept: %s", error)
        return None
    return TableBytePairs(_native.TokenTable(str(path)))


def _write(path: Path, content: bytes) -> None:
    """Never half a file: it gets its name when it is whole, and the lock lets one process at a time write."""
    temporary = path.with_suffix(".tmp")
    with exclusive(make_folder(path.parent), on_wait=lambda: None):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
