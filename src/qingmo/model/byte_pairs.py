"""The byte-level BPE in a tokenizer.json: by a table of our own where it is of Qwen2's kind, else by `tokenizers`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from qingmo.model.token_table import open_token_table


class BytePairs(Protocol):
    """Text to ids and ids to bytes, without added tokens. Its methods may be called from several threads at once."""

    def encode(self, text: str) -> list[int]:
        """The ids of a text that UTF-8 can hold. Other threads run meanwhile."""

    def token_bytes(self, token_id: int) -> bytes | None:
        """A token's bytes; None for an id without a token."""

    def ids(self, limit: int) -> np.ndarray:
        """The ids below `limit` that have a token: integers, ascending."""


def load_byte_pairs(path: Path, content: bytes) -> tuple[BytePairs, list[Any]]:
    """The BPE of a tokenizer.json, and its "added_tokens" as they stand there.

    path: for what is said of the file; content: of the file.
    Raises CheckpointError where it is damaged, UnsupportedError where it is no byte-level BPE.
    """
    table = open_token_table(content)
    if table is not None:
        return table, table.added_tokens
    from qingmo.model.library_byte_pairs import load_with_library

    return load_with_library(path, content)
