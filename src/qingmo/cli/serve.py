"""`qingmo serve`: the chat page and the OpenAI-compatible API."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qingmo.cli.options import engine_options, model_was_named, server_options
from qingmo.cli.start_up import objects_that_stay
from qingmo.config import EngineConfig
from qingmo.server.config import ANY_ADDRESS, ServerConfig

if TYPE_CHECKING:
    import socket

    from qingmo.engine.build import LoadedModel
    from qingmo.server.service import ServedModel

_log = logging.getLogger("qingmo")


@click.command()
@server_options
@engine_options
def serve(server: ServerConfig, config: EngineConfig) -> None:
    """Serve a chat page and an API that OpenAI's clients can talk to.

    Only this computer can reach it unless --host says otherwise. Ctrl-C stops it after the answers at work are done.

    \b
    qingmo serve
    PORT=8081 qingmo serve
    qingmo serve --host 0.0.0.0 --api-keys-file keys.txt
    """
    with objects_that_stay():
        from qingmo.cli.notices import show_notices
        from qingmo.cli.progress import show_progress
        from qingmo.engine.build import build_engine
        from qingmo.server.access_code import AccessCode
        from qingmo.server.app import create_app
        from qingmo.server.listen import listen
        from qingmo.server.run import run
        from qingmo.server.service import Service

        service, access_code = Service(), AccessCode()
        app = create_app(service, server, access_code=access_code)

    show_notices()
    sockets = listen(server.host, server.port)
    _warn_of_strangers(server)
    demo_if_unreachable = not model_was_named()

    def load() -> ServedModel:
        with show_progress() as show:

            def report(doing: str, done: int, total: int) -> None:
                service.report(doing, done, total)
                show(doing, done, total)

            return _served(build_engine(config, report, demo_if_unreachable=demo_if_unreachable), config, server)

    run(
        app,
        service,
        sockets,
        load,
        on_ready=lambda: _say_where(server, sockets, access_code.code),
        grace_period=server.grace_period,
    )


def _served(loaded: LoadedModel, config: EngineConfig, server: ServerConfig) -> ServedModel:
    from qingmo.engine.async_engine import AsyncEngine
    from qingmo.sampling_params import resolve
    from qingmo.server.service import ServedModel

    return ServedModel(
        name=server.served_model_name or _model_name(loaded.model),
        engine=AsyncEngine(loaded.engine, max_queue=server.max_queue),
        prompts=loaded.prompts,
        tokenizer=loaded.tokenizer,
        max_model_len=config.max_model_len,
        defaults=resolve(None, loaded.checkpoint.generation_config),
        is_demo=loaded.is_demo,
    )


def _model_name(model: str) -> str:
    """A hub name as it is; of a folder its own name, because where it lies is nobody's business."""
    folder = Path(model)
    return folder.resolve().name if folder.is_dir() else model


def _warn_of_strangers(server: ServerConfig) -> None:
    if server.is_open_to_the_network and not server.api_keys:
        _log.warning(
            "--host %s lets every machine that reaches this one use the server, and no API key is asked for. "
            "Add --api-keys-file FILE, or leave --host out.",
            server.host,
        )


def _say_where(server: ServerConfig, sockets: list[socket.socket], code: str) -> None:
    host = "127.0.0.1" if server.host in ANY_ADDRESS else f"[{server.host}]" if ":" in server.host else server.host
    click.echo(f"Server running at http://{host}:{sockets[0].getsockname()[1]}")
    click.echo(f"Opened through another address, the page asks for this code: {code}", err=True)
