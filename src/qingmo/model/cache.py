"""Qingmo's folder for what it makes once and keeps, and the lock that lets one process at a time write there."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from qingmo.errors import PackedFileError

LOCK_FILE = ".lock"


def cache_folder() -> Path:
    """$QINGMO_CACHE, or qingmo in $XDG_CACHE_HOME, or ~/.cache/qingmo. It need not exist yet."""
    own = os.environ.get("QINGMO_CACHE")
    if own:
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "qingmo"


def make_folder(folder: Path) -> Path:
    """Make `folder` where it is not there. Raises PackedFileError saying why it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from None
    return folder


@contextmanager
def exclusive(folder: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the folder's lock, which ends with the process; on_wait is called once if another process has it.

    Raises PackedFileError where the folder cannot be written.
    """
    try:
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise _unusable(folder, error) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _unusable(folder: Path, error: OSError) -> PackedFileError:
    return PackedFileError(
        f"Qingmo's cache folder {folder} cannot be used: {error.strerror}. "
        f"Set QINGMO_CACHE to a folder that can be written."
    )
