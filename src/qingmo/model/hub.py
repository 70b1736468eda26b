"""From what a person calls a model to its folder: in the package, a path, the hub's cache, a download into that."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from qingmo.config import DEFAULT_MODEL, DEMO_MODEL
from qingmo.errors import DownloadError, HubUnreachableError, ModelNotFoundError
from qingmo.model.hub_cache import INDEX_FILE, HubCache, cache_root, offline_variable, shard_names
from qingmo.model.hub_download import Progress, download, megabytes
from qingmo.model.hub_http import HubClient
from qingmo.model.hub_listing import Listing, RemoteFile
from qingmo.model.hub_retry import RetryPolicy, UnreachableError
from qingmo.model.hub_source import sources

_HUB_NAME = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9][\w.-]{0,95}/\w[\w.-]{0,95}", re.ASCII)
_DEMO_FOLDER = Path(__file__).parent / "demo"
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def resolve_model(
    name_or_path: str,
    *,
    source: str | None = None,
    progress: Progress = lambda *_: None,
    retry: RetryPolicy | None = None,
) -> Path:
    """The folder of a model, as find_model finds it, else downloaded from `source` into the hub's cache.

    A model that is all in the cache costs no request and no import of huggingface_hub; it is not checked for updates.
    Files come one after another, the weights last; what has arrived survives a killed process.
    source: one of SOURCES, None for $QINGMO_SOURCE, see hub_source.sources.
    progress: see Progress; the label is the file's name.
    Raises ModelNotFoundError, HubUnreachableError, DownloadError, CheckpointError, UnsupportedError, ConfigError.
    """
    folder = find_model(name_or_path)
    return folder or _download_model(HubCache(cache_root(), name_or_path), source, progress, retry or RetryPolicy())


def find_model(name_or_path: str) -> Path | None:
    """The folder of a model that is on this machine: "demo" is the one in the package (a folder of that name is
    ./demo), then a folder as it is, then a hub name (owner/name) out of the cache. None: it would be downloaded.

    Raises ModelNotFoundError where the name can be none of these, CheckpointError.
    """
    if name_or_path == DEMO_MODEL:
        return _DEMO_FOLDER
    return _local_folder(name_or_path) or HubCache(cache_root(), name_or_path).complete_snapshot()


def _local_folder(name: str) -> Path | None:
    """The folder that `name` is, None where it is a hub name. Raises ModelNotFoundError where it is neither."""
    path = Path(os.path.expanduser(name))
    if name and path.is_dir():
        return path
    if name and path.exists():
        raise ModelNotFoundError(
            f"{name} is a file. Give the folder that holds config.json and the safetensors files, or a hub name."
        )
    if _HUB_NAME.fullmatch(name):
        return None
    if name.startswith((".", "~")) or name.endswith("/") or "\\" in name or path.is_absolute() or name.count("/") > 1:
        raise ModelNotFoundError(f"There is no folder {name} (looked for {path.absolute()}). Check the path.")
    raise ModelNotFoundError(
        f"{name!r} is neither a folder here nor a hub name, which has the form owner/name. Try {DEFAULT_MODEL}."
    )


def _download_model(cache: HubCache, source: str | None, progress: Progress, retry: RetryPolicy) -> Path:
    offline = offline_variable()
    if offline:
        raise _unreachable(
            cache,
            f"{offline} forbids the network, and {cache.root} lacks {_all(cache.missing())} of {cache.name}",
            f"unset {offline}",
        )
    unreached: dict[str, str] = {}  # why each was not, by the variable that names a mirror of it
    for make_source in sources(source):
        client = HubClient(cache.name, retry, make_source())
        try:
            return _Download(client, cache, Listing.ask(client), progress).run()
        except UnreachableError as error:
            unreached[client.source.endpoint_variable] = f"{client.endpoint} cannot be reached: {error.reason}"
        except OSError as error:
            raise _disk_error(error, cache) from error
    raise _unreachable(
        cache,
        f"{cache.name} is not on this machine (looked in {cache.root}), and {'; '.join(unreached.values())}",
        f"connect to the network, or name a mirror: {next(iter(unreached))}=https://YOUR-MIRROR",
    )


def _unreachable(cache: HubCache, what: str, by_network: str) -> HubUnreachableError:
    return HubUnreachableError(
        f"{what}.\n"
        f"Three ways to get it:\n"
        f"  - {by_network}\n"
        f"  - copy a folder with the model's files here and give its path: --model-name-or-path FOLDER\n"
        f"  - run `qingmo pull {cache.name}` on another machine, and copy ~/.cache/huggingface/hub/{cache.folder.name} "
        f"from there to {cache.root}"
    )


@dataclass(frozen=True, slots=True)
class _Download:
    """One model on its way into the cache. `main` is pointed at its commit when all of it is there."""

    client: HubClient
    cache: HubCache
    listing: Listing
    progress: Progress

    def run(self) -> Path:
        wanted = self.listing.wanted()
        self._fetch(wanted)
        folder = self.cache.snapshot(self.listing.commit)
        if wanted[-1].name == INDEX_FILE:
            self._fetch([self.listing.file(name) for name in shard_names(folder / INDEX_FILE)])
        self.cache.set_commit(self.listing.commit)
        return folder

    def _fetch(self, files: list[RemoteFile]) -> None:
        folder = self.cache.snapshot(self.listing.commit)
        missing = [file for file in files if _size(folder / file.name) != file.size]
        self._require_space(missing)
        for file in missing:
            self._fetch_one(file)

    def _require_space(self, files: Iterable[RemoteFile]) -> None:
        needed = sum(file.size - max(0, _size(self.cache.partial(file.etag))) for file in files)
        self.cache.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.cache.folder).free
        if needed > free:
            raise DownloadError(
                f"{self.cache.name} needs {megabytes(needed)} more in {self.cache.root}, where {megabytes(free)} are "
                f"free. Make room there, or set HF_HOME to a folder on a larger disk."
            )

    def _fetch_one(self, file: RemoteFile) -> None:
        blob, partial = self.cache.blob(file.etag), self.cache.partial(file.etag)
        blob.parent.mkdir(parents=True, exist_ok=True)
        with self.cache.lock(file.etag, waiting=lambda: self.progress(file.name, max(0, _size(partial)), file.size)):
            if _size(blob) == file.size:  # by another process, or for another commit
                self.progress(file.name, file.size, file.size)
            else:
                download(self.client, file, blob, partial, self.progress)
            self.cache.link(self.listing.commit, file.name, file.etag)


def _size(path: Path) -> int:
    """In bytes; -1 where there is no such file."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _disk_error(error: OSError, cache: HubCache) -> DownloadError:
    if error.errno in _DISK_FULL:
        return DownloadError(
            f"The disk under {cache.root} is full. What has arrived of {cache.name} is kept: make room and run the "
            f"same again, or set HF_HOME to a folder on a larger disk."
        )
    return DownloadError(
        f"{cache.name} could not be written to {cache.root}: {error}. Set HF_HOME to a folder you can write to."
    )


def _all(names: list[str]) -> str:
    """Names for a sentence, the first few of many."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more files" if len(names) > 3 else "")
