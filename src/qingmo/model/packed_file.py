"""The packed file: weights laid out for the kernels, to be mapped as they are. Opening one reads its header alone.

8 bytes     b"QINGMOPK"
4 bytes     format version, little endian
4 bytes     length of the JSON header, little endian
header      JSON: key, kind, file_size, config (ModelConfig), tensors (name -> PackedTensor)
16 bytes    BLAKE2b-128 of everything above
tensors     matrices at multiples of 4096 bytes, vectors at multiples of 64, in the order of `model_weights`
"""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from qingmo.errors import PackedFileError
from qingmo.model.packed_header import DIGEST_SIZE, read_header
from qingmo.model.packed_layout import PackedFile, PackedTensor

__all__ = ["PackedFile", "PackedTensor", "Progress", "open_packed", "verify_checksums"]

PIECE = 1 << 20  # bytes hashed at a time: the second-level cache holds them

Progress = Callable[[str, int, int], None]
"""Called with what is being done, the bytes done, and the bytes in all (0: not known)."""


def open_packed(path: Path, key: str) -> PackedFile:
    """Open the packed file at `path`, which must have this key; its header and length are verified, its tensors not.

    Raises PackedFileError naming the file and what is wrong with it, FileNotFoundError where there is none.
    """
    try:
        with path.open("rb") as file:
            packed = read_header(path, file, os.fstat(file.fileno()).st_size)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(path, error) from None
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    if packed.key != key:
        raise _damaged(path, "holds other weights")
    return packed


def verify_checksums(packed: PackedFile, progress: Progress | None = None) -> None:
    """Read every tensor and compare it with its checksum. Raises PackedFileError naming the file and the tensor."""
    total = sum(tensor.size for tensor in packed.tensors.values())
    done = 0
    try:
        with packed.path.open("rb", buffering=0) as file:
            for name, tensor in packed.tensors.items():
                if _digest_of(file, tensor) != tensor.digest:
                    raise _damaged(packed.path, f"is damaged: tensor {name} does not match its checksum")
                done += tensor.size
                if progress is not None:
                    progress("Verifying weights", done, total)
    except OSError as error:
        raise _unreadable(packed.path, error) from None


def _digest_of(file: BinaryIO, tensor: PackedTensor) -> str:
    digest = blake2b(digest_size=DIGEST_SIZE)
    file.seek(tensor.offset)
    left = tensor.size
    while left and (piece := file.read(min(left, PIECE))):
        digest.update(piece)
        left -= len(piece)
    return digest.hexdigest()


def _unreadable(path: Path, error: OSError) -> PackedFileError:
    return PackedFileError(f"{path} could not be read: {error.strerror}.")


def _damaged(path: Path, what: str) -> PackedFileError:
    return PackedFileError(f"{path} {what}. Delete the file; the next start packs the weights again.")
