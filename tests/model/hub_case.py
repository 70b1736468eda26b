"""What the tests of the hub share: a small model on a hub of this machine, and how it is asked for."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hub_server import Hub

from qingmo.errors import (
    ConfigError,
    ModelError,
    UnsupportedError,
)
from qingmo.model.hub import resolve_model
from qingmo.model.hub_retry import RetryPolicy

NAME = "Maker/tiny-model"
WEIGHTS = "model.safetensors"
SIZE = 700_000
FAST = RetryPolicy(tries=3, first_delay=0.001, longest_delay=0.002, longest_asked_wait=5.0, timeout=5.0)
FOREVER = 10**6


def model_files() -> dict[str, bytes]:
    return {
        "README.md": b"not needed",
        "chat_template.jinja": b"{{ messages }}",
        "config.json": b'{"model_type": "qwen2"}',
        "generation_config.json": b"{}",
        "tokenizer.json": b'{"model": {}}' * 500,
        "tokenizer_config.json": b"{}",
        "onnx/model.onnx": b"not needed",
        WEIGHTS: random.Random(0).randbytes(SIZE),
    }


def resolve(name: str = NAME, **options: object) -> Path:
    return resolve_model(name, retry=FAST, **options)  # type: ignore[arg-type]


def refused(kind: type[ModelError | UnsupportedError | ConfigError], name: str = NAME) -> str:
    with pytest.raises(kind) as caught:
        resolve(name)
    return str(caught.value)


def make_sharded(hub: Hub) -> list[str]:
    """Split the weights into two shards; returns their names."""
    content = hub.files.pop(WEIGHTS)
    shards = [f"model-{i}-of-2.safetensors" for i in (1, 2)]
    hub.files |= {shards[0]: content[:1000], shards[1]: content[1000:]}
    index = {"weight_map": {"a": shards[1], "b": shards[0], "c": shards[1]}}
    hub.files["model.safetensors.index.json"] = json.dumps(index).encode()
    return shards


def partial(cache: Path, hub: Hub, file: str = WEIGHTS) -> Path:
    return cache / "models--Maker--tiny-model" / "blobs" / f"{hub.etag(file)}.qingmo-partial"


def start_process() -> subprocess.Popen[str]:
    """resolve_model in a process of its own; prints each call of progress, and the folder last."""
    code = (
        "from qingmo.model.hub import resolve_model;"
        f"print(resolve_model({NAME!r}, progress=lambda *call: print(*call, flush=True)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "this did not happen"
        time.sleep(0.005)
