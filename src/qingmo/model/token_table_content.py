"""From a tokenizer.json of Qwen2's kind to the content of a token table."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import Any

import numpy as np

from qingmo import _native
from qingmo.model.byte_characters import BYTE_OF_CHARACTER, spelled_bytes

QWEN2_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""What `native/split_pattern.cpp` does."""
MOST_TOKENS = (1 << 21) - 1  # a slot of the table has 21 bits for each of a pair's ids
_NOT_OF_IDS = ("trim_offsets",)  # fields of steps that change offsets alone
_SPLIT = [
    {"type": "Split", "pattern": {"Regex": QWEN2_PATTERN}, "behavior": "Isolated", "invert": False},
    {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
]
# Of the model: what may have any value, and what must be off where it is there.
_FREE = {"type", "vocab", "merges", "unk_token", "fuse_unk"}
_OFF = {"dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "ignore_merges"}


def table_content(tokenizer_json: bytes) -> bytes | None:
    """The file that `_native.TokenTable` maps; its note is the JSON of "added_tokens".

    None where the file is of another kind or damaged: the `tokenizers` library reads it or says what is wrong.
    """
    try:
        description = json.loads(tokenizer_json.decode())
        if not _is_of_qwen2s_kind(description):
            return None
        return _content(description["model"], description.get("added_tokens") or [])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def _is_of_qwen2s_kind(description: dict[str, Any]) -> bool:
    model, splits = description["model"], description["pre_tokenizer"]
    return (
        description["version"] == "1.0"
        and description["normalizer"] == {"type": "NFC"}
        and splits["type"] == "Sequence"
        and [_without_offsets(step) for step in splits["pretokenizers"]] == _SPLIT
        and description["decoder"]["type"] == "ByteLevel"
        and model["type"] == "BPE"
        and model.keys() <= _FREE | _OFF
        and not any(model.get(name) for name in _OFF)
    )


def _without_offsets(step: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in step.items() if name not in _NOT_OF_IDS}


def _content(model: dict[str, Any], added_tokens: list[Any]) -> bytes:
    ids: dict[str, int] = model["vocab"]
    count = max(ids.values()) + 1
    if count > MOST_TOKENS or min(ids.values()) < 0 or len(set(ids.values())) != len(ids):
        raise ValueError("ids that are no ids, or two tokens of one id")
    spelled = [b""] * count
    valid = np.zeros(-(-count // 32) * 32, dtype=np.uint8)
    for token, token_id in ids.items():
        spelled[token_id] = spelled_bytes(token)
        valid[token_id] = 1
    bytes_in_order = sorted(BYTE_OF_CHARACTER, key=BYTE_OF_CHARACTER.__getitem__)
    return _native.build_token_table(
        text=b"".join(spelled),
        offsets=np.fromiter(accumulate(map(len, spelled), initial=0), dtype=np.uint32, count=count + 1),
        valid=np.packbits(valid, bitorder="little").view(np.uint32),
        byte_tokens=np.array([ids[character] for character in bytes_in_order], dtype=np.uint32),
        merges=_merges(model["merges"], ids),
        note=json.dumps(added_tokens).encode(),
    )


def _merges(merges: list[Any], ids: dict[str, int]) -> np.ndarray:
    """uint32 [merges, 3]: left, right and what they become. Of a pair that is there twice, the last holds."""
    triples: dict[tuple[int, int], int] = {}
    for merge in merges:
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        pair = ids[left], ids[right]
        triples.pop(pair, None)  # its rank is that of its last place
        triples[pair] = ids[left + right]
    return np.array([(*pair, product) for pair, product in triples.items()], dtype=np.uint32).reshape(-1, 3)
