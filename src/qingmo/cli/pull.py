"""`qingmo pull`: everything slow about a first start, done ahead of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from qingmo.cli.options import weight_options
from qingmo.config import EngineConfig


@click.command()
@click.argument("wanted", metavar="[MODEL]", required=False)
@weight_options
def pull(wanted: str | None, config: EngineConfig) -> None:
    """Download MODEL (a hub name) or take it from a folder, and prepare it for this machine.

    Without MODEL: the default one. What is there already is kept, and a download that was cut off goes on where it
    stopped. HF_ENDPOINT names a mirror of the hub; HF_TOKEN is sent where a model asks for it. Where the hub cannot be
    reached, ModelScope is asked (MODELSCOPE_ENDPOINT, MODELSCOPE_API_TOKEN).

    \b
    qingmo pull
    qingmo pull Qwen/Qwen2.5-1.5B-Instruct
    qingmo pull --source modelscope
    HF_ENDPOINT=https://YOUR-MIRROR qingmo pull
    """
    from qingmo.cli.notices import show_notices
    from qingmo.cli.progress import show_progress, size_text
    from qingmo.model.checkpoint import open_checkpoint
    from qingmo.model.hub import resolve_model
    from qingmo.model.packing import packed_checkpoint
    from qingmo.model.tokenizer import Tokenizer

    show_notices()
    config = replace(config, model=wanted) if wanted else config
    with show_progress() as report:
        folder = resolve_model(config.model, source=config.source, progress=report)
        checkpoint = open_checkpoint(folder)
        Tokenizer.from_folder(folder)  # leaves its table in the cache
        packed = packed_checkpoint(checkpoint, config.weights, config.dtype, progress=report)
    click.echo(f"model    {folder} ({size_text(_size(folder))})")
    click.echo(f"packed   {packed.path} ({size_text(packed.file_size)})")
    click.echo(f"talk to it with: qingmo chat{_flag(config.model)}")


def _size(folder: Path) -> int:
    """Bytes of the files in it, links followed."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())


def _flag(model: str) -> str:
    return "" if model == EngineConfig().model else f" --model-name-or-path {model}"
