"""Flags that commands share. `engine_options` hands a command its EngineConfig, `sampling_options` its params."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from qingmo.config import DEFAULT_MODEL, DTYPES, QUANTIZATIONS, SOURCES, EngineConfig
from qingmo.sampling_params import SamplingParams
from qingmo.server.config import ServerConfig, read_api_keys

Command = Callable[..., None]
Made = TypeVar("Made", EngineConfig, SamplingParams, ServerConfig)

_DEFAULTS = EngineConfig()
_SERVER_DEFAULTS = ServerConfig()
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


class Size(click.ParamType[int]):
    """Bytes, written 268435456, 256M, 256MiB or 1.5G; units are powers of 1024."""

    name = "size"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", value.strip(), re.IGNORECASE)
        if match is None:
            self.fail(f"{value!r} is not a size. Write for example 256M or 1G.", param, ctx)
        return int(float(match[1]) * _UNITS[match[2].upper()])


class Names(click.ParamType[tuple[str, ...]]):
    """Several, with commas between them."""

    name = "names"

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(name for part in value.split(",") if (name := part.strip()))


class KeysFile(click.ParamType[tuple[str, ...]]):
    """The API keys in a file, so that they show neither in a shell's history nor in a list of processes."""

    name = "file"

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        return value if isinstance(value, tuple) else read_api_keys(Path(value))


_WEIGHT_OPTIONS = (
    click.option(
        "--model-name-or-path",
        "model",
        default=DEFAULT_MODEL,
        show_default=True,
        metavar="NAME|FOLDER|demo",
        help="Which model: its name on the hub, a folder with its files, or demo, the small one in this package.",
    ),
    click.option(
        "--source",
        metavar=f"[{'|'.join(SOURCES)}]",
        help="Where a model that is not here comes from. auto: the Hugging Face hub, and ModelScope where that cannot "
        "be reached.  [default: $QINGMO_SOURCE, or auto]",
    ),
    click.option(
        "--quantization",
        metavar=f"[{'|'.join(QUANTIZATIONS)}]",
        help="How weights are stored: int8 is small and fast, int4 smaller, faster and less exact, none keeps them as "
        "published.  [default: int8]",
    ),
    click.option(
        "--dtype",
        default="auto",
        metavar=f"[{'|'.join(DTYPES)}]",
        help="Number type of weights that are not quantized; given alone it implies --quantization none. "
        "auto: the model's own.",
    ),
)

_ENGINE_OPTIONS = (
    *_WEIGHT_OPTIONS,
    click.option(
        "--max-model-len",
        type=int,
        default=_DEFAULTS.max_model_len,
        show_default=True,
        metavar="TOKENS",
        help="Most tokens of a conversation and its answer together. A token is one or two Chinese characters, "
        "or most of an English word.",
    ),
    click.option(
        "--max-num-seqs",
        type=int,
        default=_DEFAULTS.max_num_seqs,
        show_default=True,
        metavar="N",
        help="Most answers worked on at the same time.",
    ),
    click.option(
        "--kv-cache-memory",
        type=Size(),
        metavar="SIZE",
        help="Memory for conversations, such as 256M or 1G.  "
        "[default: 256M, or 1/8 of the usable memory if that is less]",
    ),
    click.option(
        "--enable-prefix-caching/--no-enable-prefix-caching",
        default=True,
        help="Keep what was computed for the start of a prompt and use it again.  [default: on]",
    ),
    click.option(
        "--threads",
        type=int,
        metavar="N",
        help="Processor threads to use.  [default: the cores this process may really use]",
    ),
    click.option(
        "--rope-theta",
        type=float,
        metavar="NUMBER",
        help="Overrides the model's own position scale; another value than the model was trained with "
        "makes answers worse.",
    ),
    click.option("--device", default="cpu", show_default=True, metavar="[cpu]", help="Where to run."),
    click.option(
        "--num-gpu-layers",
        type=int,
        default=0,
        show_default=True,
        metavar="N",
        help="Layers to run on a GPU; this version has none.",
    ),
)

_SAMPLING_OPTIONS = (
    click.option(
        "--temperature",
        type=float,
        metavar="NUMBER",
        help="How freely words are chosen; 0: always the likeliest.  [default: 0.7]",
    ),
    click.option(
        "--top-p",
        type=float,
        metavar="NUMBER",
        help="Choose among the likeliest tokens that together have this probability.  [default: 0.9]",
    ),
    click.option(
        "--top-k",
        type=int,
        metavar="N",
        help="Choose among this many likeliest tokens; 0: all.  [default: the model's own]",
    ),
    click.option(
        "--min-p",
        type=float,
        metavar="NUMBER",
        help="Leave out tokens less than this many times as likely as the likeliest.  [default: the model's own]",
    ),
    click.option(
        "--repetition-penalty",
        type=float,
        metavar="NUMBER",
        help="Above 1: avoid words that already occurred.  [default: the model's own]",
    ),
    click.option("--seed", type=int, metavar="N", help="The same number gives the same answer again."),
    click.option(
        "--max-new-tokens",
        "--max-tokens",
        "max_tokens",
        type=int,
        metavar="TOKENS",
        help="Longest answer.  [default: 512]",
    ),
)

_SERVER_OPTIONS = (
    click.option(
        "--host",
        default=_SERVER_DEFAULTS.host,
        show_default=True,
        metavar="ADDRESS",
        help="Where to listen. 0.0.0.0: on every network of this machine; then use --api-keys-file too.",
    ),
    click.option(
        "--port",
        type=int,
        default=_SERVER_DEFAULTS.port,
        show_default=True,
        envvar="PORT",
        show_envvar=True,
        metavar="N",
        help="0: any that is free.",
    ),
    click.option(
        "--api-keys-file",
        "api_keys",
        type=KeysFile(),
        default=(),
        metavar="FILE",
        help="Ask for one of the API keys in this file, one a line.",
    ),
    click.option(
        "--allowed-hosts",
        type=Names(),
        default=(),
        metavar="NAME,...",
        help="Other names the server goes by, such as qingmo.example.org behind a proxy; *: any.",
    ),
    click.option(
        "--allowed-origins",
        type=Names(),
        default=(),
        metavar="ORIGIN,...",
        help="Web pages elsewhere that may call the API, such as https://app.example.org; *: any.",
    ),
    click.option(
        "--root-path",
        default=_SERVER_DEFAULTS.root_path,
        metavar="PATH",
        help="Where a proxy shows the server, such as /qingmo, if it leaves that on.",
    ),
    click.option(
        "--max-queue",
        type=int,
        default=_SERVER_DEFAULTS.max_queue,
        show_default=True,
        metavar="N",
        help="Most requests that may wait; more are asked to come back later.",
    ),
    click.option(
        "--grace-period",
        type=float,
        default=_SERVER_DEFAULTS.grace_period,
        show_default=True,
        metavar="SECONDS",
        help="How long answers may go on after Ctrl-C or SIGTERM.",
    ),
    click.option("--served-model-name", metavar="NAME", help="What the API calls the model.  [default: its own name]"),
)


def engine_options(command: Command) -> Command:
    """Adds the engine's flags; the command gets `config: EngineConfig` in their place."""
    return _with_options(command, _ENGINE_OPTIONS, "config", EngineConfig)


def model_was_named() -> bool:
    """Whether the command at work was told which model to take, and is not to take another in its place."""
    return click.get_current_context().get_parameter_source("model") is not ParameterSource.DEFAULT


def weight_options(command: Command) -> Command:
    """Of the engine's flags those that say which weights and in what form; `config: EngineConfig` as above."""
    return _with_options(command, _WEIGHT_OPTIONS, "config", EngineConfig)


def sampling_options(command: Command) -> Command:
    """Adds the flags of sampling; the command gets `params: SamplingParams`, unset where a flag was not given."""
    return _with_options(command, _SAMPLING_OPTIONS, "params", SamplingParams)


def server_options(command: Command) -> Command:
    """Adds the flags of the network; the command gets `server: ServerConfig`."""
    return _with_options(command, _SERVER_OPTIONS, "server", ServerConfig)


def _with_options(
    command: Command, options: tuple[Callable[[Command], Command], ...], argument: str, made: type[Made]
) -> Command:
    names = {field.name for field in fields(made)}

    @wraps(command)
    def with_made(**values: Any) -> None:
        own = {name: values.pop(name) for name in names & values.keys()}
        command(**values, **{argument: made(**own)})

    decorated: Command = with_made
    for option in reversed(options):
        decorated = option(decorated)
    return decorated
