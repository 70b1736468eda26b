"""A model hub on this machine, in ModelScope's words too.

The file list, the files, large ones behind a redirect to a second host, and faults.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

COMMIT = "c0ffee" * 6 + "c0ff"


@dataclass
class Fault:
    """What goes wrong with the next `times` requests whose path contains `path`."""

    path: str
    times: int = 1
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None  # sent instead of the file
    cut_after: int | None = None  # bytes of the body, then the connection closes
    hang_after: int | None = None  # bytes of the body, then nothing until `Hub.release`
    ignore_range: bool = False
    omit_length: bool = False


@dataclass
class Request:
    path: str
    range: str | None
    authorization: str | None
    on_storage: bool
    sent: int = 0  # bytes of the body


class Hub:
    """One repository, `name`, with `files`. Everything asked of it stands in `requests`."""

    def __init__(self, name: str, files: dict[str, bytes]) -> None:
        self.name = name
        self.files = files
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.release = threading.Event()
        self._servers = [_Server(self), _Server(self)]
        self.endpoint, self.storage = (f"http://127.0.0.1:{server.server_port}" for server in self._servers)

    @contextmanager
    def running(self) -> Iterator[Hub]:
        threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in self._servers]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.release.set()
            for server, thread in zip(self._servers, threads, strict=True):
                server.shutdown()
                thread.join()
                server.server_close()

    def requests_for(self, part: str) -> list[Request]:
        """The requests whose path contains `part`, in order; a redirected one stands here twice."""
        return [request for request in self.requests if part in request.path]

    def etag(self, file: str) -> str:
        content = self.files[file]
        if is_large(file):
            return hashlib.sha256(content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    def file_list(self) -> dict[str, Any]:
        return {"id": self.name, "sha": COMMIT, "siblings": [self._entry(file) for file in self.files]}

    def _entry(self, file: str) -> dict[str, Any]:
        size = len(self.files[file])
        pointer = hashlib.sha1(file.encode()).hexdigest()
        if not is_large(file):
            return {"rfilename": file, "size": size, "blobId": self.etag(file)}
        large = {"sha256": self.etag(file), "size": size, "pointerSize": 134}
        return {"rfilename": file, "size": size, "blobId": pointer, "lfs": large}

    def modelscope_list(self) -> dict[str, Any]:
        files = [
            {"Path": file, "Type": "blob", "Size": len(content), "Sha256": hashlib.sha256(content).hexdigest()}
            for file, content in self.files.items()
        ]
        return {"Code": 200, "Data": {"Files": [{"Path": "onnx", "Type": "tree", "Size": 0, "Sha256": ""}, *files]}}

    def take_fault(self, path: str) -> Fault | None:
        fault = next((fault for fault in self.faults if fault.times > 0 and fault.path in path), None)
        if fault:
            fault.times -= 1
        return fault


def is_large(file: str) -> bool:
    """Whether the hub keeps it in LFS."""
    return file.endswith((".safetensors", ".bin", ".gguf"))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub: Hub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed or hang up are what this hub is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        hub, path = self.server.hub, urlsplit(self.path).path
        on_storage = self.server.server_port == int(hub.storage.rpartition(":")[2])
        headers = self.headers
        self.request_seen = Request(self.path, headers.get("Range"), headers.get("Authorization"), on_storage)
        hub.requests.append(self.request_seen)
        fault = hub.take_fault(self.path) or Fault("")
        if fault.status is not None:
            self._send(fault.status, fault.content or b"", fault)
        elif path == f"/api/models/{hub.name}":
            self._send(200, fault.content or json.dumps(hub.file_list()).encode(), fault)
        elif path == f"/api/v1/models/{hub.name}/repo/files":
            self._send(200, fault.content or json.dumps(hub.modelscope_list()).encode(), fault)
        elif path == f"/api/v1/models/{hub.name}/repo":
            self._send_part(hub.files[parse_qs(urlsplit(self.path).query)["FilePath"][0]], fault)
        elif on_storage:
            file = path.removeprefix("/storage/")
            self._send_part(hub.files[file], fault)
        elif path.startswith(f"/{hub.name}/resolve/{COMMIT}/") and path.rpartition("/")[2] in hub.files:
            self._send_file(path.rpartition("/")[2], fault)
        else:
            self._send(404, b"Not found", Fault("", headers={"X-Error-Code": "RepoNotFound"}))

    def _send_file(self, file: str, fault: Fault) -> None:
        if is_large(file):
            location = f"{self.server.hub.storage}/storage/{file}?signature=secret"
            self._send(302, b"", Fault("", headers={"Location": location}))
        else:
            self._send_part(self._compressed(self.server.hub.files[file], fault), fault)

    def _compressed(self, content: bytes, fault: Fault) -> bytes:
        """Text for a client that takes it compressed, as the hub's front does."""
        if "gzip" not in self.headers.get("Accept-Encoding", ""):
            return content
        fault.headers["Content-Encoding"] = "gzip"
        return gzip.compress(content)

    def _send_part(self, content: bytes, fault: Fault) -> None:
        content = content if fault.content is None else fault.content
        wanted = self.headers.get("Range")
        if wanted is None or fault.ignore_range:
            self._send(200, content, fault)
            return
        begin = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if begin >= len(content):
            self._send(416, b"", Fault("", headers={"Content-Range": f"bytes */{len(content)}"}))
            return
        extent = {"Content-Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"}
        self._send(206, content[begin:], replace(fault, headers=extent | fault.headers))

    def _send(self, status: int, body: bytes, fault: Fault) -> None:
        self.send_response(status)
        for name, value in fault.headers.items():
            self.send_header(name, value)
        self.send_header(
            "Connection", "close"
        )  # also sets close_connection; no client talks to the hub of another test
        if not fault.omit_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        stop = next((at for at in (fault.cut_after, fault.hang_after) if at is not None), len(body))
        self.wfile.write(body[:stop])
        self.request_seen.sent = len(body[:stop])
        if fault.hang_after is not None:
            self.server.hub.release.wait(30)
            self.wfile.write(body[stop:])
            self.request_seen.sent = len(body)
