"""The Hugging Face cache on disk, read and written without huggingface_hub: importing that takes longer than a start.

<cache>/models--owner--name/refs/main                the commit that `main` stands for
                           /snapshots/<commit>/...   one link a file, to its blob
                           /blobs/<etag>             contents; an etag is an LFS file's SHA-256 or git's SHA-1
                           /blobs/<etag>.qingmo-partial   ours: what has arrived of a download
       /.locks/models--owner--name/<etag>.lock       held while that blob is written
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from qingmo.errors import CheckpointError
from qingmo.model.file_names import is_file_name
from qingmo.model.json_object import json_object

NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json")
SINGLE_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TRUE = {"1", "ON", "YES", "TRUE"}
_LOCK_POLL = 0.5  # s between looks at a lock that another process holds


@dataclass(frozen=True, slots=True)
class HubCache:
    """The part of the cache that belongs to one model of the hub."""

    root: Path
    name: str  # owner/name

    def complete_snapshot(self) -> Path | None:
        """The folder of the commit that `main` stood for last, or None where that lacks a file Qingmo needs.

        Raises CheckpointError where the list of shards is damaged.
        """
        commit = self.commit()
        return self.snapshot(commit) if commit and not self.missing() else None

    def missing(self) -> list[str]:
        """The files Qingmo needs and the cache does not hold. Raises as `complete_snapshot`."""
        commit = self.commit()
        needed = [*NEEDED, SINGLE_FILE]
        if commit is None:
            return needed
        folder = self.snapshot(commit)
        if not (folder / SINGLE_FILE).exists() and (folder / INDEX_FILE).exists():
            needed = [*NEEDED, *shard_names(folder / INDEX_FILE)]
        return [file for file in needed if not (folder / file).exists()]  # a link to nothing does not exist

    def commit(self) -> str | None:
        """The commit that `main` stood for when it was last looked up, None if it never was."""
        try:
            commit = (self.folder / "refs" / "main").read_text().strip()
        except OSError:
            return None
        return commit if _COMMIT.fullmatch(commit) else None

    def set_commit(self, commit: str) -> None:
        """Let `main` stand for this commit. Atomic: readers see the old one or the new one."""
        ref = self.folder / "refs" / "main"
        ref.parent.mkdir(parents=True, exist_ok=True)
        scratch = ref.with_name(f"main.{os.getpid()}.tmp")
        scratch.write_text(commit)
        os.replace(scratch, ref)

    @property
    def folder(self) -> Path:
        return self.root / self._folder_name

    @property
    def _folder_name(self) -> str:
        return "models--" + self.name.replace("/", "--")

    def snapshot(self, commit: str) -> Path:
        return self.folder / "snapshots" / commit

    def blob(self, etag: str) -> Path:
        return self.folder / "blobs" / etag

    def partial(self, etag: str) -> Path:
        return self.folder / "blobs" / f"{etag}.qingmo-partial"

    def link(self, commit: str, file: str, etag: str) -> None:
        """Make the blob appear as `file` of the snapshot, by a relative link so that the cache can be moved."""
        pointer = self.snapshot(commit) / file
        pointer.parent.mkdir(parents=True, exist_ok=True)
        scratch = pointer.with_name(f"{file}.{os.getpid()}.tmp")
        try:
            os.symlink(os.path.relpath(self.blob(etag), pointer.parent), scratch)
        except OSError:  # a file system without links, such as exFAT: huggingface_hub too puts the file itself there
            scratch = self.blob(etag)
        os.replace(scratch, pointer)

    @contextmanager
    def lock(self, etag: str, waiting: Callable[[], None]) -> Iterator[None]:
        """Be the only process, huggingface_hub's included, that writes this blob; calls `waiting` while another is."""
        from filelock import FileLock, Timeout

        path = self.root / ".locks" / self._folder_name / f"{etag}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(FileLock(path, timeout=_LOCK_POLL, mode=0o664))  # mode as huggingface_hub's
                    break
                except Timeout:
                    waiting()
            yield


def cache_root() -> Path:
    """The folder huggingface_hub keeps its cache in, by the same environment variables."""
    variables = os.environ
    home = variables.get("HF_HOME") or str(Path(variables.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface")
    root = variables.get("HF_HUB_CACHE") or variables.get("HUGGINGFACE_HUB_CACHE") or str(Path(home) / "hub")
    return Path(os.path.expandvars(os.path.expanduser(root)))


def offline_variable() -> str | None:
    """The environment variable that forbids the network, if one does."""
    given = [name for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE") if os.environ.get(name)]
    return given[0] if given and os.environ[given[0]].upper() in _TRUE else None  # the first overrules the second


def shard_names(index: Path) -> list[str]:
    """The weight files that model.safetensors.index.json names, each once, in order. Raises CheckpointError."""
    try:
        weight_map = json_object(index.read_bytes()).get("weight_map")
        names = list(weight_map.values()) if isinstance(weight_map, dict) else []
        if not names or not all(isinstance(name, str) and is_file_name(name) for name in names):
            raise ValueError("has no weight_map of file names")
    except ValueError as error:
        raise CheckpointError(
            f"{index} does not list the weight files as it should: it {error}. Delete it and download again."
        ) from None
    return sorted(set(names))
