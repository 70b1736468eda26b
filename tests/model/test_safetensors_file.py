"""Safetensors headers: every kind of damage is refused in a sentence that names the file and the tensor."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from toy_checkpoint import write_safetensors

from qingmo.errors import CheckpointError
from qingmo.model.safetensors_file import open_safetensors

TENSORS = {"a": np.arange(12, dtype=np.float32).reshape(4, 3), "b": np.ones(5, np.float32)}
HEADER = {
    "a": {"dtype": "F32", "shape": [4, 3], "data_offsets": [0, 48]},
    "b": {"dtype": "F32", "shape": [5], "data_offsets": [48, 68]},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_safetensors(tmp_path / "w.safetensors", TENSORS, "float32")
    return tmp_path / "w.safetensors"


def write(path: Path, header: object, data: bytes = bytes(68)) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def test_rows_are_read_from_where_the_header_says(path: Path) -> None:
    file = open_safetensors(path)
    np.testing.assert_array_equal(file.read_rows("a", 1, 3), TENSORS["a"][1:3])
    assert file.read_rows("a", 2, 2).shape == (0, 3)


def test_tensors_nobody_asks_for_may_have_any_type(path: Path) -> None:
    write(path, HEADER | {"b": {"dtype": "I64", "shape": [2], "data_offsets": [48, 68]}})
    file = open_safetensors(path)
    file.require("a", (4, 3))
    with pytest.raises(CheckpointError, match=r"w\.safetensors: tensor b has type I64"):
        file.require("b", (2,))


@pytest.mark.parametrize(
    ("name", "entry", "problem"),
    [
        ("a", 5, "no description"),
        ("a", {"shape": [4, 3], "data_offsets": [0, 48]}, "dtype None"),
        ("a", {"dtype": "F32", "shape": [4, -3], "data_offsets": [0, 48]}, r"shape \[4, -3\]"),
        ("a", {"dtype": "F32", "shape": 12, "data_offsets": [0, 48]}, "shape 12"),
        ("a", {"dtype": "F32", "shape": [4, 3], "data_offsets": [0]}, r"data_offsets \[0\]"),
        ("a", {"dtype": "F32", "shape": [4, 3], "data_offsets": [0.0, 48]}, r"data_offsets \[0\.0"),
        ("a", {"dtype": "F32", "shape": [4, 3], "data_offsets": [48, 0]}, "ends before it begins"),
        ("a", {"dtype": "F32", "shape": [4, 4], "data_offsets": [0, 48]}, "but 48 bytes"),
        ("a", {"dtype": "F16", "shape": [4, 3], "data_offsets": [0, 48]}, "but 48 bytes"),
        ("b", {"dtype": "F32", "shape": [5], "data_offsets": [44, 64]}, "overlaps tensor 'a'"),
        ("b", {"dtype": "F32", "shape": [4], "data_offsets": [52, 68]}, "does not follow tensor 'a'"),
        ("b", {"dtype": "F32", "shape": [6], "data_offsets": [48, 72]}, "cut short"),
        ("b", {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [48, 68]}, "but 20 bytes"),
    ],
)
def test_an_impossible_entry_names_the_tensor(path: Path, name: str, entry: Any, problem: str) -> None:
    write(path, HEADER | {name: entry})
    with pytest.raises(CheckpointError, match=rf"w\.safetensors: tensor '{name}' .*{problem}"):
        open_safetensors(path)


@pytest.mark.parametrize("size", [0, 7, 8, 50])
def test_a_file_shorter_than_its_header_is_refused(path: Path, size: int) -> None:
    os.truncate(path, size)
    with pytest.raises(CheckpointError, match=rf"the file has {size}: it is cut short"):
        open_safetensors(path)


def test_bytes_after_the_last_tensor_are_refused(path: Path) -> None:
    write(path, HEADER, bytes(69))
    with pytest.raises(CheckpointError, match=r"tensor 'b' ends at byte \d+, but the file has"):
        open_safetensors(path)


def test_a_header_that_is_not_json_is_refused(path: Path) -> None:
    write(path, b"\xff\xfe")
    with pytest.raises(CheckpointError, match=r"w\.safetensors: its header is not UTF-8"):
        open_safetensors(path)


def test_a_file_cut_short_after_opening_names_the_tensor(path: Path) -> None:
    file = open_safetensors(path)
    os.truncate(path, path.stat().st_size - 4)
    with pytest.raises(CheckpointError, match="cut short while tensor b was read"):
        file.read_rows("b", 0, 5)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 200), replacement=st.binary(max_size=6), cut=st.integers(0, 6))
@example(position=7, replacement=b"\xff", cut=1)
@example(position=9, replacement=b"[" * 5000, cut=0)
def test_mutated_files_are_refused_in_a_sentence_or_read(
    path: Path, position: int, replacement: bytes, cut: int
) -> None:
    write_safetensors(path, TENSORS, "float32")
    content = path.read_bytes()
    path.write_bytes(content[:position] + replacement + content[position + cut :])
    try:
        file = open_safetensors(path)
        for name, values in TENSORS.items():
            file.require(name, values.shape)
            assert file.read_rows(name, 0, len(values)).shape == values.shape
    except CheckpointError as refusal:
        assert "w.safetensors" in str(refusal) and str(refusal).endswith(".")


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tensor=st.sampled_from("ab"), field=st.sampled_from(["dtype", "shape", "data_offsets"]), value=_values)
def test_any_value_in_a_headers_field_is_refused_in_a_sentence_or_read(
    path: Path, tensor: str, field: str, value: object
) -> None:
    write(path, HEADER | {tensor: {**HEADER[tensor], field: value}})
    try:
        open_safetensors(path)
    except CheckpointError as refusal:
        assert "w.safetensors" in str(refusal) and str(refusal).endswith(".")
