"""Which files a model has on the hub, at which commit, and which of them Qingmo needs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from qingmo.errors import CheckpointError, DownloadError, UnsupportedError
from qingmo.model.hub_cache import INDEX_FILE, NEEDED, SINGLE_FILE
from qingmo.model.hub_http import NOT_THE_HUB, HubClient

_OPTIONAL = ("generation_config.json", "chat_template.jinja")
_OTHER_WEIGHTS = (".bin", ".gguf", ".pt", ".pth", ".h5", ".msgpack", ".onnx")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ETAG = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as the hub lists it."""

    name: str
    url: str
    size: int  # bytes
    etag: str  # hexadecimal; SHA-256 of the content, or the SHA-1 that git gives files it holds itself

    def new_digest(self) -> hashlib._Hash:
        """A digest that equals etag once the content has gone through it."""
        if len(self.etag) == 64:
            return hashlib.sha256()
        return hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """The files in the top folder of a model's repository, at one commit."""

    model: str
    commit: str
    files: Mapping[str, RemoteFile]

    @classmethod
    def ask(cls, client: HubClient) -> Listing:
        """Raises UnreachableError, ModelNotFoundError, DownloadError."""
        answer = client.file_list()
        try:
            commit, files = (_modelscope_files if client.source.name == "modelscope" else _hub_files)(client, answer)
            return cls(client.name, commit, {file.name: file for file in files})
        except (KeyError, TypeError, ValueError) as error:
            raise DownloadError(
                f"The file list of {client.name} from {client.endpoint} lacks names, sizes or hashes ({error!r}), "
                f"so a download could not be verified. {NOT_THE_HUB}"
            ) from error

    def file(self, name: str) -> RemoteFile:
        """Raises CheckpointError where the repository has no such file."""
        file = self.files.get(name)
        if file is None:
            raise CheckpointError(
                f"{self.model} has no {name}, which Qingmo needs. Use another repository of the model."
            )
        return file

    def wanted(self) -> list[RemoteFile]:
        """What Qingmo reads, small files first; of weights in shards only the index, which names them.

        Raises UnsupportedError where the weights are of another format, CheckpointError where a file is missing.
        """
        weights = next((name for name in (SINGLE_FILE, INDEX_FILE) if name in self.files), None)
        if weights is None:
            raise self._no_safetensors()
        names = [*NEEDED, *(name for name in _OPTIONAL if name in self.files), weights]
        return [self.file(name) for name in names]

    def _no_safetensors(self) -> UnsupportedError | CheckpointError:
        other = sorted(name for name in self.files if name.endswith(_OTHER_WEIGHTS))
        if not other:
            return CheckpointError(f"{self.model} has no {SINGLE_FILE}, so it holds no model that Qingmo can run.")
        return UnsupportedError(
            f"{self.model} has its weights only as {', '.join(other[:3])}{' ...' if len(other) > 3 else ''}. "
            f"Qingmo reads safetensors: look for another repository of the model that has {SINGLE_FILE}."
        )


def _hub_files(client: HubClient, answer: Any) -> tuple[str, list[RemoteFile]]:
    """Commit and files of the hub's answer. Raises KeyError, TypeError, ValueError."""
    commit = str(answer["sha"])
    if not _COMMIT.fullmatch(commit):
        raise ValueError(f"{commit!r} is no commit")
    base = f"{client.endpoint}/{client.name}/resolve/{commit}"
    return commit, [_remote_file(entry, base) for entry in answer["siblings"] if "/" not in entry["rfilename"]]


def _modelscope_files(client: HubClient, answer: Any) -> tuple[str, list[RemoteFile]]:
    """The same of ModelScope's, which names no commit: what stands for it is a hash of all names and hashes."""
    base = f"{client.endpoint}/api/v1/models/{client.name}/repo?Revision=master&FilePath="
    entries = [entry for entry in answer["Data"]["Files"] if entry["Type"] == "blob" and "/" not in entry["Path"]]
    files = [RemoteFile(e["Path"], base + quote(e["Path"]), int(e["Size"]), _etag(e["Sha256"])) for e in entries]
    described = "".join(sorted(f"{file.name} {file.etag}\n" for file in files))
    return hashlib.sha1(described.encode(), usedforsecurity=False).hexdigest(), files


def _etag(value: Any) -> str:
    if not _ETAG.fullmatch(value):
        raise ValueError(f"{value!r} is no hash")
    return str(value)


def _remote_file(entry: Mapping[str, Any], base: str) -> RemoteFile:
    """An entry of the hub's file list. Raises KeyError, TypeError, ValueError."""
    large = entry.get("lfs")
    etag = _etag(large["sha256"] if large else entry["blobId"])
    name = entry["rfilename"]
    return RemoteFile(name, f"{base}/{quote(name)}", int((large or entry)["size"]), etag)
