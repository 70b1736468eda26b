"""Byte-level BPE of any kind, by the `tokenizers` library: 90 MB and 0.3 s for Qwen2.5's vocabulary."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers

from qingmo.errors import CheckpointError, UnsupportedError
from qingmo.model.byte_characters import spelled_bytes

_SUBWORD_PREFIX = re.compile(rb'"continuing_subword_prefix"\s*:\s*(?!null|""|\s)')
_ADDED_TOKENS = re.compile(rb'"added_tokens"\s*:\s*(?=\[)')


class LibraryBytePairs:
    """BytePairs over a `tokenizers.Tokenizer` without added tokens."""

    def __init__(self, bpe: tokenizers.Tokenizer) -> None:
        self._bpe = bpe

    def encode(self, text: str) -> list[int]:
        # Unlike `encode`, this lets other threads run meanwhile: a megabyte takes half a second.
        return list(self._bpe.encode_batch_fast([text], add_special_tokens=False)[0].ids)

    def token_bytes(self, token_id: int) -> bytes | None:
        token = self._bpe.id_to_token(token_id)
        return None if token is None else spelled_bytes(token)

    def ids(self, limit: int) -> np.ndarray:
        """Asking for each takes 80 ms, so only where they have gaps: as many ids as there are tokens and none at or
        above that count leave no room for a gap."""
        count = self._bpe.get_vocab_size()
        if not any(self._bpe.id_to_token(i) is not None for i in range(count, limit)):
            return np.arange(min(count, limit))
        return np.array([i for i in range(limit) if self._bpe.id_to_token(i) is not None])


def load_with_library(path: Path, content: bytes) -> tuple[LibraryBytePairs, list[Any]]:
    """As `load_byte_pairs`."""
    if _SUBWORD_PREFIX.search(content):  # the library would cut it off tokens that do not have it, and end the process
        raise UnsupportedError(
            f"{path} has a continuing_subword_prefix, which byte-level BPE has not, and this version does not read it."
        )
    try:
        content.decode()  # the library would not refuse other bytes but end the process
        without_added, added = _cut_added_tokens(content)
        bpe = tokenizers.Tokenizer.from_buffer(without_added)
    except UnicodeDecodeError as error:
        raise _damaged(path, f"byte {error.start} is not UTF-8 text") from None
    except RecursionError:
        raise _damaged(path, "its added tokens are nested too deeply to be read") from None
    except Exception as error:
        raise _damaged(path, error) from None
    except BaseException as error:  # a panic of the library, which is no Exception
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise _damaged(path, f"it makes the tokenizer library fail ({error})") from None
    if not isinstance(bpe.model, tokenizers.models.BPE) or not isinstance(bpe.decoder, tokenizers.decoders.ByteLevel):
        raise UnsupportedError(
            f"{path} is a {type(bpe.model).__name__} tokenizer; this version reads byte-level BPE, "
            "as Qwen2 and Qwen2.5 models have it."
        )
    unknown = bpe.model.unk_token
    if unknown is not None and bpe.token_to_id(unknown) is None:  # encoding would fail at what the vocabulary lacks
        raise _damaged(path, f"its unk_token {unknown!r:.100} is not in its vocabulary")
    bpe.no_truncation()
    bpe.no_padding()
    return LibraryBytePairs(bpe), added


def _damaged(path: Path, why: object) -> CheckpointError:
    return CheckpointError(f"{path} is damaged: {why!s:.300}. Fetch the checkpoint again.")


def _cut_added_tokens(content: bytes) -> tuple[bytes, list[Any]]:
    """tokenizer.json with an empty "added_tokens", and what stood there; the other 5 to 11 MB are not parsed here.

    The patterns cannot match inside a JSON string, where both of their quotes would have a backslash before them.
    """
    found = _ADDED_TOKENS.search(content)
    if found is None:
        return content, []
    # Latin-1 has one character a byte, so the end it finds is an offset into the file.
    _, end = json.JSONDecoder().raw_decode(content.decode("latin-1"), found.end())
    added: list[Any] = json.loads(content[found.end() : end])
    return content[: found.end()] + b"[]" + content[end:], added
