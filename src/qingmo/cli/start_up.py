"""Starting quickly."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def objects_that_stay() -> Iterator[None]:
    """For imports: no garbage is looked for in what is made here, neither now nor later.

    The server's libraries are some hundred thousand objects; looking through them takes a tenth of its start, and would
    stop everybody's answers for as long whenever Python does it again.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
