"""Opening a checkpoint: what is read, and every way in which it is refused."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_checkpoint import make_toy_checkpoint, read_toy_tensors

from qingmo.errors import CheckpointError, ConfigError, ModelNotFoundError, UnsupportedError
from qingmo.model.checkpoint import open_checkpoint
from qingmo.model.hub_cache import shard_names


@pytest.fixture
def folder(toy_folder: Path, tmp_path: Path) -> Path:
    """A copy of the toy checkpoint to damage."""
    return Path(shutil.copytree(toy_folder, tmp_path / "toy"))


def edit(path: Path, **changes: Any) -> None:
    """Replace fields of a JSON file; ... removes one."""
    content = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not ...}))


def test_config_is_what_config_json_says(toy_folder: Path) -> None:
    config = open_checkpoint(toy_folder).config
    assert (config.vocab_size, config.hidden_size, config.intermediate_size, config.num_layers) == (512, 192, 352, 2)
    assert (config.num_heads, config.num_kv_heads, config.head_dim) == (3, 1, 64)
    assert (config.rms_norm_eps, config.rope_theta, config.max_position_embeddings) == (1e-6, 1e6, 4096)
    assert (config.tie_word_embeddings, config.qkv_bias, config.qk_norm) == (True, True, False)
    assert config.checkpoint_dtype == "bfloat16"


def test_the_real_config_is_read(shape_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(shape_folder, tmp_path / "real")
    with pytest.raises(CheckpointError, match=r"neither model\.safetensors nor"):
        open_checkpoint(tmp_path / "real")  # it has no weights; everything before them is fine


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
@pytest.mark.parametrize("shards", [1, 3])
def test_rows_are_the_files_values_in_float32(tmp_path: Path, dtype: str, shards: int) -> None:
    folder = make_toy_checkpoint(tmp_path / "toy", layers=1, dtype=dtype, shards=shards, tie=False)
    checkpoint = open_checkpoint(folder)
    tensors = read_toy_tensors(folder)
    assert len(checkpoint.shards) == shards and set(checkpoint.shard_of) == set(tensors)
    for name, values in tensors.items():
        middle = len(values) // 2
        rows = np.concatenate([checkpoint.read_rows(name, 0, middle), checkpoint.read_rows(name, middle, len(values))])
        assert rows.dtype == np.float32
        np.testing.assert_array_equal(rows, values)


def test_end_of_sequence_ids_come_from_generation_config_then_config(folder: Path) -> None:
    assert open_checkpoint(folder).config.eos_token_ids == (464, 462)
    edit(folder / "generation_config.json", eos_token_id=...)
    assert open_checkpoint(folder).config.eos_token_ids == (464,)
    (folder / "generation_config.json").unlink()
    assert open_checkpoint(folder).generation_config == {}
    edit(folder / "config.json", eos_token_id=[5, 6])
    assert open_checkpoint(folder).config.eos_token_ids == (5, 6)


def test_fields_are_found_where_transformers_5_writes_them(folder: Path) -> None:
    rope = {"rope_type": "default", "rope_theta": 5e5}
    full = ["full_attention"] * 2
    edit(
        folder / "config.json", rope_theta=..., rope_parameters=rope, torch_dtype=..., dtype="float16", layer_types=full
    )
    config = open_checkpoint(folder).config
    assert (config.rope_theta, config.checkpoint_dtype) == (5e5, "float16")


def test_head_dim_may_differ_from_hidden_size_over_heads(tmp_path: Path) -> None:
    config = open_checkpoint(make_toy_checkpoint(tmp_path / "toy", layers=1, heads=2, head_dim=128)).config
    assert (config.num_heads, config.head_dim, config.hidden_size) == (2, 128, 192)


def test_another_rope_theta_wins_and_warns(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert open_checkpoint(folder, rope_theta=1e6).config.rope_theta == 1e6
    assert not caplog.records
    assert open_checkpoint(folder, rope_theta=10000).config.rope_theta == 10000.0
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "--rope-theta 10000 replaces 1e+06" in record.getMessage()
    for impossible in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ConfigError, match="--rope-theta"):
            open_checkpoint(folder, rope_theta=impossible)


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("vocab_size", ..., "whole number"),
        ("vocab_size", 0, "whole number"),
        ("vocab_size", "512", "whole number"),
        ("num_hidden_layers", True, "whole number"),
        ("num_hidden_layers", 10**30, "whole number"),
        ("num_attention_heads", 2.5, "whole number"),
        ("max_position_embeddings", None, "whole number"),
        ("hidden_size", 200, "a multiple of 16"),
        ("intermediate_size", 350, "a multiple of 16"),
        ("head_dim", 40, "a multiple of 16"),
        ("hidden_size", 208, "num_attention_heads"),
        ("num_key_value_heads", 2, "a divisor of num_attention_heads"),
        ("rms_norm_eps", 0, "a number above 0"),
        ("rms_norm_eps", float("nan"), "a number above 0"),
        ("rope_theta", ..., "a number above 0"),
        ("rope_theta", float("inf"), "a number above 0"),
        ("tie_word_embeddings", "yes", "true or false"),
        ("torch_dtype", "int8", "one of float32, float16, bfloat16"),
        ("torch_dtype", ["float32"], "one of float32, float16, bfloat16"),
        ("architectures", ..., "Qwen2ForCausalLM"),
        ("architectures", "Qwen2ForCausalLM", "Qwen2ForCausalLM"),
        ("rope_scaling", "linear", "an object"),
        ("rope_parameters", [1], "an object"),
    ],
)
def test_a_field_that_is_missing_or_nonsense_is_named(folder: Path, field: str, value: Any, wanted: str) -> None:
    edit(folder / "config.json", **{field: value})
    with pytest.raises(CheckpointError, match=rf"config\.json: {field} is .*{wanted}"):
        open_checkpoint(folder)


@pytest.mark.parametrize("ids", [512, -1, [464, 600], "464", [True], [[1]]])
def test_impossible_end_of_sequence_ids_name_their_file(folder: Path, ids: Any) -> None:
    edit(folder / "generation_config.json", eos_token_id=ids)
    with pytest.raises(CheckpointError, match=r"generation_config\.json: eos_token_id is .*from 0 to 511"):
        open_checkpoint(folder)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"architectures": ["LlamaForCausalLM"]}, "LlamaForCausalLM"),
        ({"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
        ({"use_sliding_window": True}, "use_sliding_window"),
        ({"layer_types": ["full_attention", "sliding_attention"]}, "layer_types"),
        ({"layer_types": 7}, "layer_types"),
        ({"rope_scaling": {"type": "yarn", "factor": 4.0}}, "rope_scaling"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e6}}, "rope_parameters"),
        ({"quantization_config": {"quant_method": "gptq"}}, "already quantized"),
    ],
)
def test_what_this_version_does_not_run_is_refused(folder: Path, changes: dict[str, Any], named: str) -> None:
    edit(folder / "config.json", **changes)
    with pytest.raises(UnsupportedError, match=named) as refusal:
        open_checkpoint(folder)
    assert "config.json" in str(refusal.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=re.escape(str(tmp_path / "nowhere"))):
        open_checkpoint(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=re.escape(name)):
        open_checkpoint(folder)


@pytest.mark.parametrize("name", ["config.json", "generation_config.json"])
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"\xff{}", "is not UTF-8"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"a": 1, "a": 2}', "has 'a' twice"),
        (b'{"a": ' + b"9" * 5000 + b"}", "has a number of 5000 digits"),
    ],
)
def test_a_file_that_is_not_a_json_object_is_named(folder: Path, name: str, text: bytes, problem: str) -> None:
    (folder / name).write_bytes(text)
    with pytest.raises(CheckpointError, match=rf"{re.escape(name)} {problem}"):
        open_checkpoint(folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [("temperature", -0.7), ("top_k", "20"), ("top_p", 10**50), ("repetition_penalty", float("nan"))],
)
def test_a_sampling_parameter_no_request_may_have_is_refused_with_its_file(
    folder: Path, field: str, value: object
) -> None:
    edit(folder / "generation_config.json", **{field: value})
    with pytest.raises(CheckpointError, match=rf"generation_config\.json: {field} is .*it must be"):
        open_checkpoint(folder)


def test_a_number_of_layers_that_no_model_has_is_refused_before_they_are_listed(folder: Path) -> None:
    edit(folder / "config.json", num_hidden_layers=2**24)
    with pytest.raises(CheckpointError, match=r"num_hidden_layers is 16777216; it must be .* from 1 to 1000"):
        open_checkpoint(folder)


def test_a_tied_head_needs_no_lm_head_and_an_untied_one_does(tmp_path: Path) -> None:
    tied = make_toy_checkpoint(tmp_path / "tied", layers=1)
    edit(tied / "config.json", tie_word_embeddings=False)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: tensor lm_head\.weight is missing"):
        open_checkpoint(tied)
    untied = make_toy_checkpoint(tmp_path / "untied", layers=1, tie=False)
    edit(untied / "config.json", tie_word_embeddings=True)
    assert "lm_head.weight" not in open_checkpoint(untied).shard_of


def test_a_tensor_of_another_shape_is_named_with_both_shapes(folder: Path) -> None:
    edit(folder / "config.json", vocab_size=528)
    with pytest.raises(CheckpointError, match=r"embed_tokens\.weight has shape \[512, 192\].*asks for \[528, 192\]"):
        open_checkpoint(folder)
    edit(folder / "config.json", vocab_size=512, num_hidden_layers=3)
    with pytest.raises(CheckpointError, match=r"tensor model\.layers\.2\.input_layernorm\.weight is missing"):
        open_checkpoint(folder)


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    return make_toy_checkpoint(tmp_path / "sharded", layers=1, shards=2)


def test_a_missing_or_truncated_shard_is_named(sharded: Path) -> None:
    second = sharded / "model-00002-of-00002.safetensors"
    os.truncate(second, second.stat().st_size - 1)
    with pytest.raises(CheckpointError, match=r"model-00002-of-00002\.safetensors: tensor .* cut short"):
        open_checkpoint(sharded)
    second.unlink()
    with pytest.raises(CheckpointError, match=r"model-00002-of-00002\.safetensors is missing"):
        open_checkpoint(sharded)


@pytest.mark.parametrize(
    "value",
    [
        *(None, 3, "../model.safetensors", "/etc/passwd", "weights.bin"),
        *("a\0.safetensors", "a\ud800.safetensors", "a" * 300 + ".safetensors"),
    ],
)
def test_an_index_that_names_no_safetensors_file_beside_it_is_refused(sharded: Path, value: Any) -> None:
    index = sharded / "model.safetensors.index.json"
    weight_map = json.loads(index.read_text())["weight_map"] | {"model.norm.weight": value}
    edit(index, weight_map=weight_map)
    with pytest.raises(CheckpointError, match=r"index\.json: tensor model\.norm\.weight is"):
        open_checkpoint(sharded)
    edit(index, weight_map=[])
    with pytest.raises(CheckpointError, match=r"index\.json: weight_map"):
        open_checkpoint(sharded)


@pytest.mark.parametrize(
    "text", [b"{}", b"[" * 100_000, b"\xff", b'{"weight_map": {"a": "../b"}}', b'{"weight_map": 3}']
)
def test_a_damaged_index_in_the_hub_cache_is_named(tmp_path: Path, text: bytes) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_bytes(text)
    with pytest.raises(
        CheckpointError, match=r"index\.json does not list the weight files as it should: it \w+ [^{]*\."
    ):
        shard_names(index)


def test_identity_changes_with_the_files_and_not_with_the_folder_or_rope_theta(folder: Path, tmp_path: Path) -> None:
    identity = open_checkpoint(folder).identity()
    assert open_checkpoint(folder, rope_theta=5.0).identity() == identity
    moved = folder.rename(tmp_path / "moved")
    assert open_checkpoint(moved).identity() == identity
    os.utime(moved / "model.safetensors", ns=(0, 1))
    assert open_checkpoint(moved).identity() != identity
