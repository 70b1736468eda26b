"""Flags become an EngineConfig and SamplingParams."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from qingmo.cli.options import engine_options, sampling_options, weight_options
from qingmo.config import EngineConfig
from qingmo.sampling_params import SamplingParams


def _parse(decorator: Any, *arguments: str) -> Any:
    made: list[Any] = []
    command = click.command()(decorator(lambda **values: made.append(values)))
    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    if result.exception:
        raise result.exception
    return next(iter(made[0].values()))


def _words(text: str) -> list[str]:
    return text.split()


def test_without_flags_the_defaults_are_those_of_the_configuration() -> None:
    assert _parse(engine_options) == EngineConfig()
    assert _parse(weight_options) == EngineConfig()
    assert _parse(sampling_options) == SamplingParams()


def test_every_flag_reaches_its_field() -> None:
    config = _parse(
        engine_options,
        *_words("--model-name-or-path a/b --quantization none --dtype float16 --max-model-len 100 --max-num-seqs 3"),
        *_words("--kv-cache-memory 64M --no-enable-prefix-caching --threads 2 --rope-theta 5e5 --device cpu"),
    )
    assert config == EngineConfig(
        model="a/b",
        quantization="none",
        dtype="float16",
        max_model_len=100,
        max_num_seqs=3,
        kv_cache_memory=64 * 2**20,
        enable_prefix_caching=False,
        threads=2,
        rope_theta=500000.0,
    )


@pytest.mark.parametrize("longest", ["--max-tokens", "--max-new-tokens"])
def test_every_sampling_flag_reaches_its_field(longest: str) -> None:
    params = _parse(
        sampling_options,
        *_words("--temperature 0.5 --top-p 0.8 --top-k 7 --min-p 0.1 --repetition-penalty 1.2 --seed 9"),
        *(longest, "33"),
    )
    assert params == SamplingParams(
        temperature=0.5, top_p=0.8, top_k=7, min_p=0.1, repetition_penalty=1.2, seed=9, max_tokens=33
    )


@pytest.mark.parametrize(
    ("written", "size"),
    [("1000", 1000), ("256M", 2**28), ("256MiB", 2**28), ("256 mb", 2**28), ("1.5g", 3 * 2**29), ("4K", 4096)],
)
def test_sizes_as_people_write_them(written: str, size: int) -> None:
    assert _parse(engine_options, "--kv-cache-memory", written).kv_cache_memory == size


@pytest.mark.parametrize("written", ["", "M", "-1M", "1MM", "256 apples", "1e9"])
def test_what_is_no_size_is_refused(written: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a size"):
        _parse(engine_options, "--kv-cache-memory", written)
