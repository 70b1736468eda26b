"""Reading one safetensors file: its header checked against its bytes, then rows by pread, so that memory stays small.

The format: 8 bytes header length (little endian), a JSON object of name -> dtype, shape and data_offsets, the data.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import numpy as np

from qingmo.errors import CheckpointError
from qingmo.model.json_object import json_object

LONGEST_HEADER = 100_000_000  # bytes; the limit of the format's own library
ITEM_SIZES = {"F32": 4, "F16": 2, "BF16": 2}


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """Where one tensor stands."""

    dtype: str  # as the header spells it; read_rows knows those of ITEM_SIZES
    shape: tuple[int, ...]
    begin: int  # bytes from the start of the file
    end: int


@dataclass(frozen=True, slots=True)
class SafetensorsFile:
    """A file whose header has been checked; made by `open_safetensors`."""

    path: Path
    size: int  # bytes
    mtime_ns: int
    header_digest: bytes
    tensors: Mapping[str, TensorEntry]

    def require(self, name: str, shape: tuple[int, ...]) -> None:
        """Raise CheckpointError unless tensor `name` is here with this shape and a type that can be read."""
        entry = self.tensors.get(name)
        if entry is None:
            raise CheckpointError(f"{self.path}: tensor {name} is missing. Download the model again.")
        if entry.dtype not in ITEM_SIZES:
            raise CheckpointError(
                f"{self.path}: tensor {name} has type {entry.dtype:.20}; it must be one of {', '.join(ITEM_SIZES)}."
            )
        if entry.shape != shape:
            raise CheckpointError(
                f"{self.path}: tensor {name} has shape {list(entry.shape)}, but config.json asks for {list(shape)}. "
                f"The two files belong to different models; download both again."
            )

    def read_rows(self, name: str, begin: int, end: int) -> np.ndarray:
        """Rows `begin` to `end` of a tensor of ITEM_SIZES' types: float32 [rows, ...]. Raises CheckpointError."""
        entry = self.tensors[name]
        row_shape = entry.shape[1:]
        row_bytes = math.prod(row_shape) * ITEM_SIZES[entry.dtype]
        raw = self._read(name, entry.begin + begin * row_bytes, (end - begin) * row_bytes)
        return _to_float32(raw, entry.dtype).reshape(end - begin, *row_shape)

    def _read(self, name: str, offset: int, size: int) -> np.ndarray:
        raw = np.empty(size, np.uint8)
        done = 0
        try:
            with self.path.open("rb", buffering=0) as file:
                while done < size:
                    count = os.preadv(file.fileno(), [raw.data[done:]], offset + done)
                    if count == 0:
                        raise CheckpointError(f"{self.path}: the file was cut short while tensor {name} was read.")
                    done += count
        except OSError as error:
            raise CheckpointError(f"{self.path}: tensor {name} could not be read: {error.strerror}.") from None
        return raw


def open_safetensors(path: Path) -> SafetensorsFile:
    """Read and check the header of `path`; no data is read. Raises CheckpointError naming the file and the tensor."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            header = _read_header(path, file, status.st_size)
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing. Download the model again.") from None
    except OSError as error:
        raise CheckpointError(f"{path} could not be read: {error.strerror}.") from None
    try:
        entries = json_object(header)
    except ValueError as error:
        raise CheckpointError(f"{path}: its header {error}. Download the file again.") from None
    data_begin = 8 + len(header)
    entries.pop("__metadata__", None)
    tensors = {name: _entry(path, name, entry, data_begin, status.st_size) for name, entry in entries.items()}
    _require_gapless(path, tensors, data_begin, status.st_size)
    return SafetensorsFile(path, status.st_size, status.st_mtime_ns, blake2b(header).digest(), tensors)


def _read_header(path: Path, file: BinaryIO, file_size: int) -> bytes:
    prefix = file.read(8)
    length = int.from_bytes(prefix, "little")
    if len(prefix) < 8 or length > min(file_size - 8, LONGEST_HEADER):
        raise CheckpointError(
            f"{path}: its header should have {length} bytes, but the file has {file_size}: it is cut short, or not a "
            f"safetensors file. Download it again."
        )
    return file.read(length)


def _entry(path: Path, name: str, entry: object, data_begin: int, file_size: int) -> TensorEntry:
    def bad(what: str) -> CheckpointError:
        return CheckpointError(f"{path}: tensor {name!r:.100} {what}. Download the file again.")

    if not isinstance(entry, dict):
        raise bad("has no description in the header")
    dtype, shape, offsets = (entry.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype, str):
        raise bad(f"has dtype {dtype!r:.50}, which is not a type's name")
    if not isinstance(shape, list) or not all(_is_size(n) for n in shape):
        raise bad(f"has shape {shape!r:.100}, which is not a list of sizes")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(_is_size(n) for n in offsets):
        raise bad(f"has data_offsets {offsets!r:.100}, which are not two positions")
    begin, end = offsets
    if begin > end:
        raise bad(f"ends before it begins (data_offsets {offsets!r:.100})")
    if data_begin + end > file_size:
        raise bad(f"ends at byte {data_begin + end}, but the file has {file_size}: it is cut short")
    if dtype in ITEM_SIZES and math.prod(shape) * ITEM_SIZES[dtype] != end - begin:
        raise bad(f"has shape {shape!r:.100} of {dtype} but {end - begin} bytes")
    return TensorEntry(dtype, tuple(shape), data_begin + begin, data_begin + end)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _require_gapless(path: Path, tensors: Mapping[str, TensorEntry], data_begin: int, file_size: int) -> None:
    """Tensors stand one after the other and fill the file: what the format asks for, and what damage breaks."""
    expected, previous = data_begin, "the header"
    for name, entry in sorted(tensors.items(), key=lambda item: (item[1].begin, item[1].end)):
        if entry.begin != expected:
            problem = "overlaps" if entry.begin < expected else "does not follow"
            raise CheckpointError(f"{path}: tensor {name!r:.100} {problem} {previous:.100}. Download the file again.")
        expected, previous = entry.end, f"tensor {name!r}"
    if expected != file_size:
        raise CheckpointError(
            f"{path}: {previous:.100} ends at byte {expected}, but the file has {file_size}. Download the file again."
        )


def _to_float32(raw: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "F32":
        return raw.view("<f4")
    if dtype == "F16":
        return raw.view("<f2").astype(np.float32)
    bits = raw.view("<u2").astype(np.uint32)
    return np.left_shift(bits, 16, out=bits).view(np.float32)
