"""`qingmo info`: this machine, the model, the memory it will take, and the sampling defaults in force."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from qingmo.cli.options import engine_options
from qingmo.config import EngineConfig
from qingmo.sampling_params import SamplingParams

if TYPE_CHECKING:
    from qingmo.cli.facts import Facts, ModelFacts
    from qingmo.engine.machine import Cores

Line = tuple[str, str]  # name, text
_SHOWN_SAMPLING = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "max_tokens")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The same for programs, as one JSON object; sizes in bytes.")
@engine_options
def info(as_json: bool, config: EngineConfig) -> None:
    """Show this machine, the model, the memory it will take and what is used where you say nothing.

    Give it the flags you would give `qingmo chat` to see their effect. Nothing is downloaded or loaded.
    """
    from qingmo.cli.facts import gather_facts
    from qingmo.cli.notices import show_notices

    show_notices()
    facts = gather_facts(config)
    if as_json:
        click.echo(json.dumps(facts.as_dict(), ensure_ascii=False, indent=2, default=str))
        return
    for name, text in (*_machine_lines(facts), *_model_lines(facts), *_cache_lines(facts)):
        click.echo(f"{name:<16} {text}")


def _machine_lines(facts: Facts) -> Iterator[Line]:
    machine = facts.machine
    yield "processor", machine.cpu
    yield "system", f"{machine.system}, Python {machine.python}"
    others = ", ".join(isa for isa in facts.available_isas if isa != facts.isa)
    yield "instruction set", facts.isa + (f" (also here: {others})" if others else "")
    yield "threads", f"{facts.threads} ({_why(facts.cores)})"
    available = f", {_mib(machine.available_memory)} free now" if machine.available_memory else ""
    yield "memory", f"{_mib(facts.usable_memory)} usable{available}"


def _why(cores: Cores) -> str:
    parts = [f"{cores.physical} cores", f"{cores.allowed} processors this process may run on"]
    if cores.slow:
        parts.append(f"{cores.slow} of the cores are much slower than the others and left out")
    if cores.quota is not None:
        parts.append(f"the container's quota is {cores.quota:g}")
    return "; ".join(parts)


def _model_lines(facts: Facts) -> Iterator[Line]:
    yield "model", facts.model_name
    if facts.model is None:
        yield "", f"not on this machine yet; get it with: qingmo pull {facts.model_name}"
    else:
        yield from _present_model_lines(facts.model, facts)


def _present_model_lines(model: ModelFacts, facts: Facts) -> Iterator[Line]:
    yield "in", str(model.folder)
    yield "size", f"{model.layers} layers, {model.parameters / 1e6:.3g} million parameters"
    kept = facts.quantization if facts.quantization != "none" else f"not quantized, {facts.dtype}"
    yield "weights", f"{_mib(model.weights_memory)} ({kept})"
    yield "KV cache", f"up to {_mib(model.kv_cache_memory)}, {model.kv_cache_tokens:,} tokens of all conversations"
    yield "memory in all", f"about {_mib(model.total_memory)} at most"
    yield "conversation", f"up to {facts.max_model_len} tokens (the model allows {model.longest_context})"
    yield "sampling", _sampling(model.sampling)


def _sampling(params: SamplingParams) -> str:
    return ", ".join(f"{name} {getattr(params, name):g}" for name in _SHOWN_SAMPLING)


def _cache_lines(facts: Facts) -> Iterator[Line]:
    yield "downloads in", str(facts.download_cache)
    yield "packed in", str(facts.packed_cache / "packed")


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
