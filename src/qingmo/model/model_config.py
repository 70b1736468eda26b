"""config.json and generation_config.json as ModelConfig: every field checked, what is not run here refused."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

from qingmo.config import DTYPES, ModelConfig
from qingmo.errors import CheckpointError, ConfigError, InvalidRequestError, UnsupportedError
from qingmo.model.json_object import json_object
from qingmo.sampling_params import resolve

ARCHITECTURE = "Qwen2ForCausalLM"
LANES = 16  # the kernels' vectors; sizes of the inner dimensions are whole vectors
MOST_LAYERS = 1_000
LARGEST = 2**24  # of any count in config.json: far above real models, far below overflow

log = logging.getLogger(__name__)


def read_json_file(path: Path) -> dict[str, Any]:
    """The JSON object in `path`. Raises CheckpointError naming the file."""
    try:
        return json_object(path.read_bytes())
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing. Download the model again, or give the right folder.") from None
    except OSError as error:
        raise CheckpointError(f"{path} could not be read: {error.strerror}.") from None
    except ValueError as error:
        raise CheckpointError(f"{path} {error}. Download the file again.") from None


def read_generation_config(folder: Path) -> dict[str, Any]:
    """The content of generation_config.json, {} where the file is not there.

    Raises CheckpointError, also for a sampling parameter that no request may have.
    """
    path = folder / "generation_config.json"
    if not path.exists():
        return {}
    content = read_json_file(path)
    try:
        resolve(None, content)
    except InvalidRequestError as error:
        raise CheckpointError(f"{path}: {error} Correct the file, or download it again.") from None
    return content


def read_model_config(
    folder: Path, generation_config: Mapping[str, Any], rope_theta: float | None = None
) -> ModelConfig:
    """The model's shape from config.json; end-of-sequence ids from generation_config first.

    rope_theta replaces the checkpoint's own, with a logged warning where it differs.
    Raises CheckpointError naming file and field, UnsupportedError for a model this version does not run, ConfigError
    for an impossible rope_theta.
    """
    fields = _Fields(folder / "config.json", read_json_file(folder / "config.json"))
    layers = fields.count("num_hidden_layers", largest=MOST_LAYERS)
    _refuse_other_models(fields, layers)
    heads = fields.count("num_attention_heads")
    kv_heads = fields.count("num_key_value_heads", default=heads)
    if heads % kv_heads:
        raise fields.bad("num_key_value_heads", f"a divisor of num_attention_heads ({heads})")
    vocab_size = fields.count("vocab_size")
    return ModelConfig(
        vocab_size=vocab_size,
        hidden_size=fields.whole_vectors("hidden_size"),
        intermediate_size=fields.whole_vectors("intermediate_size"),
        num_layers=layers,
        num_heads=heads,
        num_kv_heads=kv_heads,
        head_dim=_head_dim(fields, heads),
        rms_norm_eps=fields.positive("rms_norm_eps"),
        rope_theta=_rope_theta(fields, rope_theta),
        max_position_embeddings=fields.count("max_position_embeddings"),
        tie_word_embeddings=fields.flag("tie_word_embeddings"),
        qkv_bias=True,
        qk_norm=False,
        checkpoint_dtype=_dtype(fields),
        eos_token_ids=_eos_token_ids(folder, fields, generation_config, vocab_size),
    )


class _Fields:
    """The fields of one JSON file; each reader checks the value and raises CheckpointError naming file and field."""

    def __init__(self, path: Path, values: Mapping[str, Any]) -> None:
        self.path = path
        self.values = values

    def get(self, name: str) -> Any:
        return self.values.get(name)

    def bad(self, name: str, wanted: str) -> CheckpointError:
        if name not in self.values:
            return CheckpointError(f"{self.path}: {name} is missing; it must be {wanted}.")
        return CheckpointError(f"{self.path}: {name} is {self.values[name]!r:.100}; it must be {wanted}.")

    def count(self, name: str, default: int | None = None, largest: int = LARGEST) -> int:
        value = self.get(name)
        if value is None and default is not None:
            return default
        if not _is_integer(value) or not 1 <= value <= largest:
            raise self.bad(name, f"a whole number from 1 to {largest}")
        return cast(int, value)

    def whole_vectors(self, name: str) -> int:
        value = self.count(name)
        if value % LANES:
            raise self.bad(name, f"a multiple of {LANES}")
        return value

    def positive(self, name: str) -> float:
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1e30:
            raise self.bad(name, "a number above 0")
        return float(value)

    def flag(self, name: str) -> bool:
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise self.bad(name, "true or false")
        return value

    def section(self, name: str) -> _Fields:
        """An object inside the file; empty where it is absent or null."""
        value = self.get(name)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise self.bad(name, "an object")
        return _Fields(self.path, value)


def _refuse_other_models(fields: _Fields, layers: int) -> None:
    architectures = fields.get("architectures")
    if not isinstance(architectures, list) or not architectures:
        raise fields.bad("architectures", f'["{ARCHITECTURE}"]')
    if architectures != [ARCHITECTURE]:
        raise UnsupportedError(
            f"{fields.path}: architecture {', '.join(map(str, architectures)):.100} is not run by this version; "
            f"{ARCHITECTURE} is (the dense Qwen2 and Qwen2.5 models)."
        )
    _refuse_unless(fields, "hidden_act", fields.get("hidden_act") == "silu", "silu")
    layer_types = fields.get("layer_types")
    if fields.flag("use_sliding_window") or layer_types not in (None, ["full_attention"] * layers):
        raise UnsupportedError(
            f"{fields.path}: use_sliding_window or layer_types asks for attention other than full in every layer, "
            f"which this version does not run. Use a model that attends to the whole context."
        )
    for name in ("rope_scaling", "rope_parameters"):
        scaling = fields.section(name)
        rope_type = scaling.get("rope_type") or scaling.get("type") or "default"
        _refuse_unless(fields, name, rope_type == "default", "plain rotary positions, without scaling")
    if fields.get("quantization_config") is not None:
        raise UnsupportedError(
            f"{fields.path}: the weights are already quantized (quantization_config). Use the model's float32, float16 "
            f"or bfloat16 checkpoint; Qingmo quantizes it itself."
        )


def _refuse_unless(fields: _Fields, name: str, fine: bool, supported: str) -> None:
    if not fine:
        raise UnsupportedError(
            f"{fields.path}: {name} is {fields.get(name)!r:.100}, which this version does not run. It runs {supported}."
        )


def _head_dim(fields: _Fields, heads: int) -> int:
    if fields.get("head_dim") is not None:
        return fields.whole_vectors("head_dim")
    hidden = fields.count("hidden_size")
    if hidden % (heads * LANES):
        raise fields.bad(
            "hidden_size", f"num_attention_heads ({heads}) times a multiple of {LANES}, unless head_dim is given"
        )
    return hidden // heads


def _rope_theta(fields: _Fields, override: float | None) -> float:
    parameters = fields.section("rope_parameters")  # where transformers 5 keeps it
    own = (parameters if parameters.get("rope_theta") is not None else fields).positive("rope_theta")
    if override is None or override == own:
        return own
    if not (override > 0 and math.isfinite(override)):
        raise ConfigError(f"--rope-theta is {override}; it must be a number above 0.")
    log.warning(
        "--rope-theta %g replaces %g, which %s was trained with: answers will suffer, most of all long ones. "
        "Leave the flag out unless you know better.", override, own, fields.path.parent.name
    )  # fmt: skip
    return float(override)


def _dtype(fields: _Fields) -> Literal["float32", "float16", "bfloat16"]:
    name = "torch_dtype" if fields.get("torch_dtype") is not None else "dtype"
    value = fields.get(name)
    if value not in DTYPES[1:]:
        raise fields.bad(name, f"one of {', '.join(DTYPES[1:])}")
    return cast(Literal["float32", "float16", "bfloat16"], value)


def _eos_token_ids(
    folder: Path, fields: _Fields, generation_config: Mapping[str, Any], vocab_size: int
) -> tuple[int, ...]:
    generation = _Fields(folder / "generation_config.json", generation_config)
    source = generation if generation.get("eos_token_id") is not None else fields
    value = source.get("eos_token_id")
    ids = value if isinstance(value, list) else [] if value is None else [value]
    if not all(_is_integer(i) and 0 <= i < vocab_size for i in ids):
        raise source.bad("eos_token_id", f"a token id, or a list of them, from 0 to {vocab_size - 1}")
    return tuple(ids)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
