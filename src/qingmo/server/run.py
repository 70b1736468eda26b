"""Runs the application: it listens at once, loads the model beside that, and ends in good order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import socket
from collections.abc import Callable, Generator, Sequence
from threading import Thread

import uvicorn
from fastapi import FastAPI

from qingmo.server.connection import MAX_HEAD, TimedConnection
from qingmo.server.service import ServedModel, Service

KEEP_ALIVE_SECONDS = 30
ENDING_SECONDS = 5.0
"""For sending the ends of answers that were cut off, after the grace period."""

_log = logging.getLogger("qingmo.server")

Load = Callable[[], ServedModel]


def run(
    app: FastAPI,
    service: Service,
    sockets: Sequence[socket.socket],
    load: Load,
    *,
    on_ready: Callable[[], None],
    grace_period: float,
) -> None:
    """Serve until SIGTERM or SIGINT, then let answers go on for `grace_period` seconds.

    load: makes the model, on a thread of its own; what it raises ends the server and is raised here.
    on_ready: called once requests are answered.
    """
    _allow_many_connections()
    settings = uvicorn.Config(
        app,
        http=TimedConnection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=MAX_HEAD,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(grace_period + ENDING_SECONDS),
    )
    asyncio.run(_Server(settings, service, load, on_ready, grace_period).serve(list(sockets)))


class _Server(uvicorn.Server):
    """uvicorn's server, with a model that comes and goes."""

    def __init__(
        self,
        config: uvicorn.Config,
        service: Service,
        load: Load,
        on_ready: Callable[[], None],
        grace_period: float,
    ) -> None:
        super().__init__(config)
        self._service = service
        self._load = load
        self._on_ready = on_ready
        self._grace_period = grace_period

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        loading = asyncio.create_task(self._load_model())
        try:
            await super().serve(sockets)
        finally:
            failed = loading.done() and not loading.cancelled() and loading.exception()
            loading.cancel()
        if failed:
            raise failed

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.server_state.tasks:
            _log.info("Stopping. Answers at work have %g s to finish; Ctrl-C cuts them off.", self._grace_period)
        ending = asyncio.create_task(self._service.stop(self._grace_period))
        await super().shutdown(sockets)
        if self.force_exit:
            ending.cancel()
            ending = asyncio.create_task(self._service.stop(grace=0))
        await ending

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """uvicorn's own raises the signal once more at the end, and then the exit status is not 0."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def _load_model(self) -> None:
        try:
            model = await _on_a_thread(self._load)
            model.engine.start()
            self._service.serve(model)
            self._on_ready()
        except BaseException:
            self.should_exit = True
            raise


async def _on_a_thread(work: Load) -> ServedModel:
    """Unlike asyncio.to_thread, does not keep the process from ending while it works."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[ServedModel] = loop.create_future()

    def settle(model: ServedModel | None, error: BaseException | None) -> None:
        if result.cancelled():
            return
        if error is not None:
            result.set_exception(error)
        elif model is not None:
            result.set_result(model)

    def work_and_tell() -> None:
        model, failure = None, None
        try:
            model = work()
        except BaseException as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
            loop.call_soon_threadsafe(settle, model, failure)

    Thread(target=work_and_tell, name="qingmo-load", daemon=True).start()
    return await result


def _allow_many_connections() -> None:
    """Each takes a file descriptor, and the usual soft limit of 1,024 is soon used up."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
