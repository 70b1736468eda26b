"""One line a request: lengths, times and how it ended. Never what was said, and never a key."""

from __future__ import annotations

import logging
import time
import traceback

from starlette.requests import HTTPConnection

from qingmo.server.errors import ApiError
from qingmo.server.generation import Generation

_log = logging.getLogger("qingmo.server")


def client_of(connection: HTTPConnection) -> str:
    """Who asks, as the engine's queue and the log name them: a key by its number, or an address."""
    client: str = connection.state.client
    return client


def log_answer(connection: HTTPConnection, generation: Generation) -> None:
    """A request that was worked on, however it ended."""
    usage = generation.usage
    first = "-" if usage.time_to_first_token is None else f"{usage.time_to_first_token:.2f} s"
    _log.info(
        "%s: %d tokens (%d cached) + %d, first after %s, total %.2f s, %s",
        _who(connection),
        usage.prompt_tokens,
        usage.cached_tokens,
        usage.completion_tokens,
        first,
        time.monotonic() - usage.arrived,
        generation.outcome,
    )


def log_refusal(connection: HTTPConnection, error: ApiError) -> None:
    """A request that got an error. Its message may quote the request, so the log has its code alone."""
    _log.info("%s: refused, %d %s %s", _who(connection), error.status_code, error.code, _plain(error.param or ""))


def log_failure(connection: HTTPConnection, error: BaseException) -> None:
    """An error that nobody foresaw. Its text may quote the request: the log has its kind, and where it happened."""
    where = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s: failed, %s\n%s", _who(connection), type(error).__name__, where)


def _who(connection: HTTPConnection) -> str:
    scope = connection.scope
    now = time.strftime("%H:%M:%S")
    return f"{now} {_plain(client_of(connection))} {_plain(scope['method'])} {_plain(scope['path'])}"


def _plain(text: str) -> str:
    """Short, and without what a terminal would obey."""
    return ascii(text)[1:-1][:64]
