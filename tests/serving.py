"""Runs the real server, `qingmo serve`, on a port of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 120.0  # s until a test gives up
READY = "Server running at "
HELLO = [{"role": "user", "content": "你好，你是谁？"}]


class Running:
    """A server that answers, and what it has printed."""

    def __init__(self, process: subprocess.Popen[str], url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.port = int(url.rpartition(":")[2])
        self.client = httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False)
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    @property
    def access_code(self) -> str:
        return next(line for line in self.log.splitlines() if "this code: " in line).rpartition(" ")[2]

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.client.post(path, json=body, **options)

    def chat(self, **fields: Any) -> httpx.Response:
        return self.post("/v1/chat/completions", {"messages": HELLO, "max_tokens": 8, "temperature": 0, **fields})

    def complete(self, prompt: Any, **fields: Any) -> httpx.Response:
        return self.post("/v1/completions", {"prompt": prompt, "max_tokens": 8, "temperature": 0, **fields})

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.client.get("/v1/status").json()
        return status


def events(response: httpx.Response) -> list[Any]:
    """The data of each event of a stream that has ended well; [DONE] is checked and left out."""
    assert response.status_code == 200, response.text
    data = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line.startswith("data: ")]
    assert data[-1] == "[DONE]"
    return [json.loads(text) for text in data[:-1]]


@contextmanager
def serve(folder: Path, *flags: str, **variables: str) -> Iterator[Running]:
    """`qingmo serve` with a model folder and these flags, until the block ends. --port is 0 where none is given."""
    command = [sys.executable, "-m", "qingmo", "serve", "--model-name-or-path", str(folder), *flags]
    if "--port" not in flags and "PORT" not in variables:
        command += ["--port", "0"]
    with tempfile.NamedTemporaryFile("w+", suffix=".log") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **variables}, stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith(READY), Path(log.name).read_text(encoding="utf-8")
            running = Running(process, line.removeprefix(READY).strip(), Path(log.name))
            with running.client:
                yield running
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
