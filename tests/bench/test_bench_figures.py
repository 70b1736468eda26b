"""Percentiles, drift, and what a machine could do at most."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qingmo.bench.figures import at_percent, drift, median
from qingmo.bench.limits import Probe, Work
from qingmo.model.checkpoint import open_checkpoint
from qingmo.model.packing import packed_checkpoint

WORK = Work(layer_macs=1000, head_macs=200, attention_macs=10, weight_bytes=1200, kv_bytes=4)


def test_a_percentile_lies_between_the_values_around_it() -> None:
    values = [float(n) for n in range(101)]
    assert (at_percent(values, 95), at_percent(values, 99)) == (95.0, 99.0)
    assert at_percent([3.0], 99) == 3.0


def test_the_median_leaves_out_what_was_not_measured() -> None:
    assert median([None, 3.0, 1.0]) == 2.0
    assert median([None]) is None


def test_drift_compares_the_end_with_the_beginning() -> None:
    assert drift([1.0] * 50 + [9.0] * 30 + [1.1] * 20) == pytest.approx(0.1)
    assert drift([2.0]) == 0.0


def test_decode_of_one_waits_for_its_weights_and_of_many_for_arithmetic() -> None:
    probe = Probe(multiply_adds=1e6, bandwidth=1e5)
    assert WORK.decode_limit(1, 100, probe) == pytest.approx(1e5 / (1200 + 100 * 4))
    slow_arithmetic = replace(probe, multiply_adds=1e3)
    assert WORK.decode_limit(8, 100, slow_arithmetic) == pytest.approx(1e3 / (1000 + 200 + 100 * 10))


def test_where_weights_lie_in_caches_arithmetic_alone_is_a_limit() -> None:
    assert WORK.decode_limit(1, 0, Probe(1200.0, None)) == pytest.approx(1.0)


def test_prefill_multiplies_every_token_and_every_pair_of_them_but_one_row_of_logits() -> None:
    probe = Probe(multiply_adds=1e3, bandwidth=1e9)
    macs = 4 * 1000 + (4 + 3 + 2 + 1) * 10 + 200
    assert WORK.prefill_limit(1, 4, probe) == pytest.approx(4 / (macs / 1e3))
    assert WORK.prefill_limit(3, 4, probe) == pytest.approx(4 / (macs / 1e3)), "three take three times as long"


def test_the_work_is_that_of_the_model(toy_folder: Path, tmp_path: Path) -> None:
    packed = packed_checkpoint(open_checkpoint(toy_folder), "none", cache_dir=tmp_path)
    work = Work.of(packed, kv_block_bytes=16 * 1024)
    hidden, kv, intermediate, layers = 192, 64, 352, 2
    matrices = hidden * (hidden + 2 * kv) + hidden * hidden + 3 * hidden * intermediate
    assert work.layer_macs == layers * matrices
    assert work.head_macs == packed.config.vocab_size * hidden
    assert work.attention_macs == 2 * layers * hidden
    assert work.kv_bytes == 1024
    assert work.weight_bytes == sum(tensor.size for tensor in packed.tensors.values()), "the embedding is the head"
