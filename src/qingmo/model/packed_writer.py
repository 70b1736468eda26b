"""Writing a packed file: to a temporary one beside it, verified, then moved to its name. Never half a file."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import numpy as np

from qingmo.errors import PackedFileError
from qingmo.model.packed_file import Progress, open_packed, verify_checksums
from qingmo.model.packed_header import DIGEST_SIZE, encode_header
from qingmo.model.packed_layout import PackedFile, PackedTensor, with_digests

TEMPORARY_SUFFIX = ".tmp"
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def require_space(folder: Path, needed: int) -> None:
    """Raise PackedFileError unless the disk of `folder` has `needed` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise _no_space(folder, needed, free)


def write_packed(
    layout: PackedFile, contents: Iterable[tuple[str, Iterator[np.ndarray]]], progress: Progress | None = None
) -> PackedFile:
    """Write the tensors that `contents` yields, with their checksums, and open the result.

    contents: each tensor of the layout once, as C-contiguous pieces that make its bytes. The caller holds the folder's
    lock. Raises PackedFileError where the disk is full or fails, and whatever making the contents raises; then
    nothing is left behind.
    """
    temporary = layout.path.with_name(layout.path.name + TEMPORARY_SUFFIX)
    try:
        with temporary.open("wb") as file:
            written = with_digests(layout, dict(_write_tensors(file, layout, contents, progress)))
            file.seek(0)
            file.write(encode_header(written))
            file.truncate(layout.file_size)
            file.flush()
            os.fsync(file.fileno())
        verify_checksums(replace(written, path=temporary), progress)
        os.replace(temporary, layout.path)
        _sync_folder(layout.path.parent)
    except OSError as error:
        raise _write_error(layout, error) from None
    finally:
        temporary.unlink(missing_ok=True)
    return open_packed(layout.path, layout.key)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left half-written. The caller holds the folder's lock, so nobody writes them."""
    for path in folder.glob("*" + TEMPORARY_SUFFIX):
        path.unlink(missing_ok=True)


def _write_tensors(
    file: BinaryIO,
    layout: PackedFile,
    contents: Iterable[tuple[str, Iterator[np.ndarray]]],
    progress: Progress | None,
) -> Iterator[tuple[str, str]]:
    """Yield each tensor's name and checksum."""
    total = sum(tensor.size for tensor in layout.tensors.values())
    done = 0
    for name, pieces in contents:
        tensor = layout.tensors[name]
        digest = blake2b(digest_size=DIGEST_SIZE)
        file.seek(tensor.offset)
        for piece in pieces:
            content = piece.reshape(-1).view(np.uint8).data
            digest.update(content)
            done += file.write(content)
            if progress is not None:
                progress("Packing weights", done, total)
        _require_whole(file, name, tensor)
        yield name, digest.hexdigest()


def _require_whole(file: BinaryIO, name: str, tensor: PackedTensor) -> None:
    written = file.tell() - tensor.offset
    if written != tensor.size:
        raise AssertionError(f"tensor {name} was packed into {written} bytes, and its layout has {tensor.size}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_error(layout: PackedFile, error: OSError) -> PackedFileError:
    folder = layout.path.parent
    if error.errno in NO_SPACE:
        return _no_space(folder, layout.file_size, shutil.disk_usage(folder).free)
    return PackedFileError(
        f"The packed weights could not be written to {folder}: {error.strerror}. "
        f"Set QINGMO_CACHE to a folder that can be written."
    )


def _no_space(folder: Path, needed: int, free: int) -> PackedFileError:
    return PackedFileError(
        f"The packed weights need {needed / 1e6:.1f} MB in {folder}, where {free / 1e6:.1f} MB are free. "
        f"Free some space, or set QINGMO_CACHE to a folder on a larger disk."
    )
