"""One server for all tests that ask for nothing special."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Running, serve


@pytest.fixture(scope="session")
def server(toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(toy_folder, "--max-model-len", "4096", "--kv-cache-memory", "16M") as running:
        yield running
