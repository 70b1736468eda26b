"""One file of the hub onto the disk: taken up where an earlier process stopped, and verified before it counts.

huggingface_hub's own download starts from zero when the process is killed, which on a slow line means never.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qingmo.errors import DownloadError
from qingmo.model.hub_http import NOT_THE_HUB, HubClient
from qingmo.model.hub_listing import RemoteFile
from qingmo.model.hub_retry import Patience, TransientError

if TYPE_CHECKING:
    import httpx2

logger = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""Called often with (label, bytes done, bytes in all); the first and the last call of a label always come."""

_READ_SIZE = 2**20  # bytes; one read of a partial file while its digest is taken


def download(client: HubClient, file: RemoteFile, target: Path, partial: Path, progress: Progress) -> None:
    """Put the file at `target`, gathering it in `partial`, which stays there when this raises. One process at a time.

    Raises DownloadError, ModelNotFoundError, OSError.
    """
    for _ in range(2):  # a second time from zero, should the first one arrive damaged
        if _gather(client, file, partial, progress):
            os.replace(partial, target)
            return
        partial.unlink()
        logger.warning("%s arrived damaged: its hash is not %s. Fetching it again.", file.name, file.etag)
    raise DownloadError(
        f"{file.name} from {client.endpoint} arrived damaged twice: its hash is not {file.etag}, which the hub lists. "
        f"Something on the way changes it: try another network, or another mirror in {client.source.endpoint_variable}."
    )


def _gather(client: HubClient, file: RemoteFile, path: Path, progress: Progress) -> bool:
    """Receive until all bytes are there; whether their digest is right."""
    patience = Patience(client.policy, f"{file.name} from {client.endpoint}")
    with _Partial(path, file) as partial:
        progress(file.name, partial.size, file.size)
        while partial.size < file.size:
            begin = partial.size
            try:
                _receive(client, file, partial, progress)
            except TransientError as problem:
                patience.after(_located(problem, partial.size, file.size), gained=partial.size - begin)
        return partial.verify()


def _located(problem: TransientError, done: int, total: int) -> TransientError:
    """The same, and how far the file had come."""
    reason = f"{problem.reason}, at {megabytes(done)} of {megabytes(total)}"
    advice = f"{problem.advice} What has arrived is kept, and the next try goes on from there."
    return TransientError(reason, advice, asked_wait=problem.asked_wait)


def _receive(client: HubClient, file: RemoteFile, partial: _Partial, progress: Progress) -> None:
    """One request for what is missing. Raises TransientError if it did not bring all of it."""
    with client.stream(file.url, begin=partial.size) as response:
        host = response.url.host
        begin, total = _extent(response)
        if total not in (None, file.size):
            raise TransientError(f"{host} offers {total:,} bytes where the hub lists {file.size:,}", NOT_THE_HUB)
        if begin not in (0, partial.size):
            raise TransientError(f"{host} sent another part of the file than it was asked for", NOT_THE_HUB)
        if begin < partial.size:  # this server sends only whole files
            partial.restart()
        for chunk in response.iter_raw():
            room = file.size - partial.size
            partial.append(chunk[:room])
            progress(file.name, partial.size, file.size)
            if len(chunk) > room:  # a server that does not know the length, and sends more than there is
                break
    if partial.size < file.size:
        raise TransientError("the connection ended early")


def _extent(response: httpx2.Response) -> tuple[int, int | None]:
    """The first byte of this response in the file, and the length of the whole file where the server says it."""
    if response.status_code == 206:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("content-range", ""))
        if not match:
            return -1, None
        return int(match[1]), None if match[2] == "*" else int(match[2])
    length = response.headers.get("content-length")
    return 0, int(length) if length else None


class _Partial:
    """What has arrived of a file: on disk, unbuffered so that a kill loses nothing, and in a running digest."""

    def __init__(self, path: Path, file: RemoteFile) -> None:
        self._file = file
        self._disk = open(path, "a+b", buffering=0)  # noqa: SIM115 - closed by __exit__
        self._digest = file.new_digest()
        self.size = os.fstat(self._disk.fileno()).st_size
        self._disk.seek(0)
        for begin in range(0, self.size, _READ_SIZE):
            self._digest.update(self._disk.read(min(_READ_SIZE, self.size - begin)))

    def __enter__(self) -> _Partial:
        return self

    def __exit__(self, *_: object) -> None:
        self._disk.close()

    def append(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            written = self._disk.write(rest)
            self._digest.update(rest[:written])
            self.size += written
            rest = rest[written:]

    def restart(self) -> None:
        self._disk.truncate(0)
        self._digest = self._file.new_digest()
        self.size = 0

    def verify(self) -> bool:
        """Whether the digest is the listed one; if so the bytes are on the disk for good, power cut or not."""
        if self._digest.hexdigest() != self._file.etag:
            return False
        os.fsync(self._disk.fileno())
        return True


def megabytes(count: int) -> str:
    """Bytes for people: 988.1 MB."""
    return f"{count / 1e6:,.1f} MB"
