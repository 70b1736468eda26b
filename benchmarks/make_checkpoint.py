"""Write a checkpoint with the exact tensor names, shapes and dtype of a Qwen2.5 Instruct model and made-up weights.

    python benchmarks/make_checkpoint.py OUT --shape FOLDER [--size 0.5b|1.5b] [--layers N] [--planted] [--student-t]

FOLDER holds config.json, generation_config.json, tokenizer.json and tokenizer_config.json of Qwen2.5-0.5B-Instruct.
OUT then loads like the published repository. Speed and memory do not depend on what the weights say, so it stands in
for the real model where that cannot be had; and any other program that reads OUT can be compared logit by logit.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

HIDDEN_INTERMEDIATE_LAYERS_HEADS_KV = {"0.5b": (896, 4864, 24, 14, 2), "1.5b": (1536, 8960, 28, 12, 2)}
FILES = ("generation_config.json", "tokenizer.json", "tokenizer_config.json")
SHORT_LINES = 2048  # rows drawn at once, so that a large embedding needs little memory


class Weights:
    """Draws every tensor of a model.

    planted: outliers as trained models of this family have them: in every layer's norms 4 channels x 30, 3 units of the
    feed-forward x 8, 6 key biases + N(0, 60).
    student_t: matrices from Student's t with 4 degrees of freedom instead of a normal distribution, same variance.
    """

    def __init__(self, config: dict, seed: int, *, planted: bool = False, student_t: bool = False) -> None:
        self.config, self.planted, self.student_t = config, planted, student_t
        self.rng = np.random.default_rng(seed)
        self.hidden, self.intermediate = config["hidden_size"], config["intermediate_size"]
        head = self.hidden // config["num_attention_heads"]
        self.q, self.kv = config["num_attention_heads"] * head, config["num_key_value_heads"] * head
        self.hot_channels = self.rng.choice(self.hidden, 4, replace=False)

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        yield "model.embed_tokens.weight", self.matrix(self.config["vocab_size"], self.hidden)
        for n in range(self.config["num_hidden_layers"]):
            for name, values in self.layer():
                yield f"model.layers.{n}.{name}", values
        yield "model.norm.weight", self.norm()

    def layer(self) -> Iterator[tuple[str, np.ndarray]]:
        hot_units = self.rng.choice(self.intermediate, 3, replace=False)
        for name in ("input_layernorm", "post_attention_layernorm"):
            weight = self.norm()
            weight[self.hot_channels] *= 30 if self.planted else 1
            yield f"{name}.weight", weight
        for name, rows in (("q_proj", self.q), ("k_proj", self.kv), ("v_proj", self.kv)):
            bias = 0.5 * self.rng.standard_normal(rows, dtype=np.float32)
            if self.planted and name == "k_proj":
                bias[self.rng.choice(rows, 6, replace=False)] += 60 * self.rng.standard_normal(6, dtype=np.float32)
            yield f"self_attn.{name}.weight", self.matrix(rows, self.hidden)
            yield f"self_attn.{name}.bias", bias
        yield "self_attn.o_proj.weight", self.matrix(self.hidden, self.q)
        for name in ("gate_proj", "up_proj"):
            weight = self.matrix(self.intermediate, self.hidden)
            weight[hot_units] *= 8 if self.planted else 1
            yield f"mlp.{name}.weight", weight
        yield "mlp.down_proj.weight", self.matrix(self.hidden, self.intermediate)

    def matrix(self, rows: int, cols: int) -> np.ndarray:
        out = np.empty((rows, cols), np.float32)
        for begin in range(0, rows, SHORT_LINES):
            part = out[begin : begin + SHORT_LINES]
            if self.student_t:
                part[:] = self.rng.standard_t(4, part.shape) / np.sqrt(2)  # the variance of t with 4 degrees is 2
            else:
                self.rng.standard_normal(out=part, dtype=np.float32)
        out *= self.config["initializer_range"]
        return out

    def norm(self) -> np.ndarray:
        return 1 + 0.1 * self.rng.standard_normal(self.hidden, dtype=np.float32)


def bfloat16_bytes(values: np.ndarray) -> bytes:
    """Round float32 to the nearest bfloat16, ties to even; the two-byte patterns."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).tobytes()


def to_four_bits(matrix: np.ndarray) -> np.ndarray:
    """Rounded as plainly as can be: 32 inputs share the scale that makes the largest of them 7."""
    groups = matrix.reshape(len(matrix), -1, 32)
    scales = np.abs(groups).max(axis=2, keepdims=True) / 7
    return (np.rint(groups / scales) * scales).reshape(matrix.shape)


def make_checkpoint(
    out: Path,
    shape: Path,
    *,
    size: str = "0.5b",
    layers: int | None = None,
    seed: int = 0,
    planted: bool = False,
    student_t: bool = False,
    four_bits: bool = False,
) -> Path:
    """Write the checkpoint; returns `out`.

    four_bits: the same weights, but for the layers' matrices, which are rounded by `to_four_bits`.
    """
    config = json.loads((shape / "config.json").read_text())
    hidden, intermediate, default_layers, heads, kv = HIDDEN_INTERMEDIATE_LAYERS_HEADS_KV[size]
    config.update(
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers or default_layers,
        num_attention_heads=heads,
        num_key_value_heads=kv,
    )
    out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(shape / name, out / name)
    (out / "config.json").write_text(json.dumps(config, indent=2))

    header: dict = {"__metadata__": {"format": "pt"}}
    offset = 0
    body = out / "model.safetensors.body"
    with body.open("wb") as f:
        for name, values in Weights(config, seed, planted=planted, student_t=student_t):
            rounded = four_bits and name.endswith("_proj.weight")
            data = bfloat16_bytes(to_four_bits(values) if rounded else values)
            header[name] = {"dtype": "BF16", "shape": list(values.shape), "data_offsets": [offset, offset + len(data)]}
            offset += f.write(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with (out / "model.safetensors").open("wb") as f, body.open("rb") as b:
        f.write(len(text).to_bytes(8, "little") + text)
        shutil.copyfileobj(b, f)
    body.unlink()
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--shape", type=Path, required=True, help="folder with Qwen2.5's config and tokenizer files")
    parser.add_argument("--size", choices=HIDDEN_INTERMEDIATE_LAYERS_HEADS_KV, default="0.5b")
    parser.add_argument("--layers", type=int, help="fewer layers, for a quicker test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--planted", action="store_true", help="with outlier channels, as trained models have them")
    parser.add_argument("--student-t", action="store_true", help="heavy-tailed weights")
    a = parser.parse_args()
    make_checkpoint(a.out, a.shape, size=a.size, layers=a.layers, seed=a.seed, planted=a.planted, student_t=a.student_t)
    print(a.out)


if __name__ == "__main__":
    main()
