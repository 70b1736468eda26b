"""The header of a packed file: made from a layout, and read back with every field checked."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args, get_origin, get_type_hints

from qingmo.config import ModelConfig
from qingmo.model.json_object import json_object
from qingmo.model.packed_layout import (
    MATRIX_KINDS,
    NO_DIGEST,
    WEIGHT_GROUPS,
    PackedFile,
    PackedTensor,
    plan_layout,
    with_digests,
)

TENSOR_FIELDS = tuple(field.name for field in fields(PackedTensor))
MAGIC = b"QINGMOPK"
FORMAT_VERSION = 3
PREFIX = struct.Struct("<8sII")
DIGEST_SIZE = 16
LARGEST = 2**40  # of any number in the header: far above real models, far below overflow


def plan_packed(
    path: Path, key: str, kind: str, config: ModelConfig, weight_groups: Mapping[str, int] | None = None
) -> PackedFile:
    """`plan_layout` behind a header that will fit. Raises ValueError for a group that does not divide its matrix."""
    layout = plan_layout(path, key, kind, config, 0, weight_groups)
    widest = {name: replace(tensor, offset=LARGEST) for name, tensor in layout.tensors.items()}
    header_size = len(encode_header(replace(layout, file_size=LARGEST, tensors=widest)))
    return plan_layout(path, key, kind, config, header_size, weight_groups)


def encode_header(packed: PackedFile) -> bytes:
    """Everything that stands before the first tensor, but the padding."""
    header = {
        "key": packed.key,
        "kind": packed.kind,
        "file_size": packed.file_size,
        "config": asdict(packed.config),
        "tensors": {name: _entry(tensor) for name, tensor in packed.tensors.items()},
    }
    text = json.dumps(header).encode()
    start = PREFIX.pack(MAGIC, FORMAT_VERSION, len(text)) + text
    return start + _digest(start)


def read_header(path: Path, file: BinaryIO, file_size: int) -> PackedFile:
    """What the header at the start of `file` describes. Raises ValueError saying what is wrong, OSError."""
    prefix = file.read(PREFIX.size)
    if len(prefix) < PREFIX.size:
        raise ValueError(f"is cut short: it has {file_size} bytes")
    magic, version, length = PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise ValueError("is not a packed file")
    if version != FORMAT_VERSION:
        raise ValueError(f"has format version {version}; this version of Qingmo reads {FORMAT_VERSION}")
    if length > file_size - PREFIX.size - DIGEST_SIZE:
        raise ValueError(f"is cut short: its header has {length} bytes, the whole file {file_size}")
    text = file.read(length)
    if file.read(DIGEST_SIZE) != _digest(prefix + text):
        raise ValueError("is damaged: its header does not match its checksum")
    return _decode(path, json_object(text), file.tell(), file_size)


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=DIGEST_SIZE).digest()


def _entry(tensor: PackedTensor) -> dict[str, Any]:
    return {name: getattr(tensor, name) for name in TENSOR_FIELDS}


def _decode(path: Path, header: Mapping[str, Any], header_end: int, file_size: int) -> PackedFile:
    """A layout follows from config, kind and weight groups, so plan it again: the header must say the same."""
    config = _config(header.get("config"))
    kind, key, entries = header.get("kind"), header.get("key"), header.get("tensors")
    if kind not in MATRIX_KINDS or not isinstance(key, str) or not isinstance(entries, dict):
        raise _damaged("kind, key or tensors")
    if config.num_layers > len(entries):
        raise _damaged("the number of tensors")
    for name, entry in entries.items():
        _require_entry(name, entry)
    begin = next(iter(entries.values()))["offset"]
    if not header_end <= begin <= file_size:
        raise _damaged("the first tensor's offset")
    planned = plan_layout(
        path, key, kind, config, begin, {name: entry["weight_group"] for name, entry in entries.items()}
    )
    if list(planned.tensors) != list(entries):
        raise _damaged("the list of tensors")
    packed = with_digests(planned, {name: entry["digest"] for name, entry in entries.items()})
    for name, tensor in packed.tensors.items():
        if _entry(tensor) != entries[name]:
            raise _damaged(f"tensor {name}")
    if header.get("file_size") != packed.file_size or packed.file_size != file_size:
        raise ValueError(f"is cut short: it has {file_size} bytes and should have {packed.file_size}")
    return packed


def _require_entry(name: str, entry: object) -> None:
    """Check the fields of a tensor that nothing else tells."""
    if not isinstance(entry, dict):
        raise _damaged(f"tensor {name!r:.50}")
    group, offset, digest = entry.get("weight_group"), entry.get("offset"), entry.get("digest")
    if type(group) is not int or group not in WEIGHT_GROUPS:
        raise _damaged(f"weight_group of tensor {name!r:.50}")
    if type(offset) is not int or not 0 < offset <= LARGEST:
        raise _damaged(f"offset of tensor {name!r:.50}")
    if not isinstance(digest, str) or len(digest) != len(NO_DIGEST):
        raise _damaged(f"digest of tensor {name!r:.50}")


def _config(values: object) -> ModelConfig:
    types = get_type_hints(ModelConfig)
    if not isinstance(values, dict) or list(values) != [field.name for field in fields(ModelConfig)]:
        raise _damaged("config")
    for name, value in values.items():
        if not _has_type(value, types[name]):
            raise _damaged(name)
    return ModelConfig(**{**values, "eos_token_ids": tuple(values["eos_token_ids"])})


def _has_type(value: object, wanted: Any) -> bool:
    if wanted is int:
        return type(value) is int and 1 <= value <= LARGEST
    if wanted is float:
        return type(value) is float and 0 < value < float("inf")
    if get_origin(wanted) is Literal:
        return value in get_args(wanted)
    if get_origin(wanted) is tuple:
        return isinstance(value, list) and all(type(item) is int for item in value)
    return type(value) is wanted


def _damaged(part: str) -> ValueError:
    return ValueError(f"has a damaged header: {part} is wrong")
