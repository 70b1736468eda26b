"""A small made-up checkpoint with the file layout of Qwen2.5: every file a real one has, random weights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

CONTROL_TOKENS = {  # in the order of their ids -> "special", as Qwen2.5 flags them
    "<|endoftext|>": True,
    "<|im_start|>": True,
    "<|im_end|>": True,
    "<tool_call>": False,
    "</tool_call>": False,
}
WORDS = (
    " the| and| is| of| to| in| a|hello| hello| world|The|What| what|You| you| are| user|user|system|assistant"
    "| number| one| two| three|ing|tion|er| for| with| model| small| toy|def| return|print|    |\n\n| light| fast"
    "|你好|你|好|我是|我|是|的|了|在|不|人|中国|轻墨|模型|语言|什么|今天|天气|世界|，|。|？|！|谁|大|小|一个|可以|用户"
)
TEMPLATE = (
    "{%- if messages[0].role != 'system' %}"
    "{{- '<|im_start|>system\\nYou are a toy.<|im_end|>\\n' }}"
    "{%- endif %}"
    "{%- for tool in tools or () %}{{- '<|im_start|>system\\n' + (tool | tojson) + '<|im_end|>\\n' }}{%- endfor %}"
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' }}"
    "{%- if message.content %}{{- message.content }}{%- endif %}"
    "{%- for call in message.tool_calls or () %}"
    '{{- \'<tool_call>\\n{"name": "\' + call.function.name + \'", "arguments": \' }}'
    "{{- (call.function.arguments | tojson) + '}\\n</tool_call>' }}"
    "{%- endfor %}"
    "{{- '<|im_end|>\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
QWEN2_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SAFETENSORS_NAMES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}


def make_toy_checkpoint(
    folder: Path,
    *,
    layers: int = 2,
    seed: int = 0,
    tie: bool = True,
    dtype: str = "bfloat16",
    shards: int = 1,
    hidden: int = 192,
    heads: int = 3,
    kv_heads: int = 1,
    head_dim: int = 64,
    intermediate: int = 352,
    vocab_size: int | None = None,
    **config_changes: Any,
) -> Path:
    """Write a checkpoint into `folder`, made where it is not there, and return it.

    vocab_size None: the number of tokens rounded up to 128, so that some ids have no token, as in the real one.
    config_changes replace fields of config.json after the weights are drawn; a value of None removes the field.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = _vocabulary()
    control = {token: len(vocabulary) + i for i, token in enumerate(CONTROL_TOKENS)}
    token_count = len(vocabulary) + len(control)
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "attention_dropout": 0.0,
        "bos_token_id": control["<|endoftext|>"],
        "eos_token_id": control["<|im_end|>"],
        "hidden_act": "silu",
        "hidden_size": hidden,
        "initializer_range": 0.02,
        "intermediate_size": intermediate,
        "max_position_embeddings": 4096,
        "max_window_layers": layers,
        "model_type": "qwen2",
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "num_key_value_heads": kv_heads,
        "rms_norm_eps": 1e-06,
        "rope_theta": 1000000.0,
        "sliding_window": 4096,
        "tie_word_embeddings": tie,
        "torch_dtype": dtype,
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": vocab_size or -(-token_count // 128) * 128,
    }
    if head_dim * heads != hidden:
        config["head_dim"] = head_dim
    _write_weights(folder, list(_tensors(config, head_dim, np.random.default_rng(seed))), dtype, shards)
    config = {k: v for k, v in {**config, **config_changes}.items() if v is not None}
    _write_json(folder / "config.json", config)
    _write_json(folder / "generation_config.json", _generation_config(control))
    _write_json(folder / "tokenizer.json", _tokenizer(vocabulary, control))
    _write_json(folder / "tokenizer_config.json", _tokenizer_config(control))
    return folder


def read_toy_tensors(folder: Path) -> dict[str, np.ndarray]:
    """Every tensor of a checkpoint as float32 under its checkpoint name: what an oracle computes with."""
    found: dict[str, np.ndarray] = {}
    for path in sorted(folder.glob("*.safetensors")):
        content = path.read_bytes()
        start = 8 + int.from_bytes(content[:8], "little")
        for name, entry in json.loads(content[8:start]).items():
            if name != "__metadata__":
                begin, end = entry["data_offsets"]
                values = _decode(content[start + begin : start + end], entry["dtype"])
                found[name] = values.reshape(entry["shape"])
    return found


def write_safetensors(path: Path, tensors: dict[str, np.ndarray], dtype: str) -> None:
    """Write float32 `tensors` to one safetensors file, rounded to `dtype`."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = bytearray()
    for name, values in tensors.items():
        begin = len(body)
        body += _encode(values, dtype)
        header[name] = {
            "dtype": SAFETENSORS_NAMES[dtype],
            "shape": list(values.shape),
            "data_offsets": [begin, len(body)],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def _tensors(config: dict[str, Any], head_dim: int, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """Weights whose layers say more than the embedding, so that the likeliest token is seldom a near tie."""
    hidden, intermediate, vocab = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    q, kv = config["num_attention_heads"] * head_dim, config["num_key_value_heads"] * head_dim

    def normal(*shape: int, scale: float) -> np.ndarray:
        return rng.standard_normal(shape, dtype=np.float32) * np.float32(scale)

    def norm() -> np.ndarray:
        return 1 + normal(hidden, scale=0.1)

    yield "model.embed_tokens.weight", normal(vocab, hidden, scale=0.15)
    for n in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{n}."
        yield prefix + "input_layernorm.weight", norm()
        for name, rows in (("q_proj", q), ("k_proj", kv), ("v_proj", kv)):
            yield prefix + f"self_attn.{name}.weight", normal(rows, hidden, scale=hidden**-0.5)
            yield prefix + f"self_attn.{name}.bias", normal(rows, scale=0.5)
        yield prefix + "self_attn.o_proj.weight", normal(hidden, q, scale=q**-0.5)
        yield prefix + "post_attention_layernorm.weight", norm()
        yield prefix + "mlp.gate_proj.weight", normal(intermediate, hidden, scale=hidden**-0.5)
        yield prefix + "mlp.up_proj.weight", normal(intermediate, hidden, scale=hidden**-0.5)
        yield prefix + "mlp.down_proj.weight", normal(hidden, intermediate, scale=intermediate**-0.5)
    yield "model.norm.weight", norm()
    if not config["tie_word_embeddings"]:
        yield "lm_head.weight", normal(vocab, hidden, scale=0.15)


def _write_weights(folder: Path, tensors: list[tuple[str, np.ndarray]], dtype: str, shards: int) -> None:
    if shards == 1:
        write_safetensors(folder / "model.safetensors", dict(tensors), dtype)
        return
    weight_map: dict[str, str] = {}
    for shard in range(shards):
        part = dict(tensors[shard::shards])
        name = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        write_safetensors(folder / name, part, dtype)
        weight_map |= dict.fromkeys(part, name)
    total = sum((folder / name).stat().st_size for name in set(weight_map.values()))
    _write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": weight_map})


def _encode(values: np.ndarray, dtype: str) -> bytes:
    if dtype != "bfloat16":
        return values.astype(dtype).tobytes()
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).tobytes()


def _decode(data: bytes, safetensors_dtype: str) -> np.ndarray:
    if safetensors_dtype == "BF16":
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(data, {"F32": np.float32, "F16": np.float16}[safetensors_dtype]).astype(np.float32)


def _byte_characters() -> list[str]:
    """GPT-2's printable stand-in for each byte: itself where printable, otherwise the next free from U+0100."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(b) if b in printable else chr(next(others)) for b in range(256)]


def _merges() -> list[tuple[str, str]]:
    """Each word is built byte by byte from its left, so that some tokens end inside a Chinese character."""
    characters = _byte_characters()
    merges: dict[tuple[str, str], None] = {}
    for word in WORDS.split("|"):
        spelled = [characters[b] for b in word.encode()]
        for i in range(1, len(spelled)):
            merges["".join(spelled[:i]), spelled[i]] = None
    return list(merges)


def _vocabulary() -> dict[str, int]:
    tokens = dict.fromkeys([*sorted(_byte_characters()), *("".join(merge) for merge in _merges())])
    return {token: i for i, token in enumerate(tokens)}


def _tokenizer(vocabulary: dict[str, int], control: dict[str, int]) -> dict[str, Any]:
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": i, "content": token, **plain, "special": CONTROL_TOKENS[token]} for token, i in control.items()
        ],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": QWEN2_PATTERN}, "behavior": "Isolated", "invert": False},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
            ],
        },
        "post_processor": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
        "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": vocabulary,
            "merges": [" ".join(merge) for merge in _merges()],
        },
    }


def _tokenizer_config(control: dict[str, int]) -> dict[str, Any]:
    plain = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    return {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": {
            str(i): {"content": token, **plain, "special": CONTROL_TOKENS[token]} for token, i in control.items()
        },
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "bos_token": None,
        "chat_template": TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": 4096,
        "pad_token": "<|endoftext|>",
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }


def _generation_config(control: dict[str, int]) -> dict[str, Any]:
    return {
        "bos_token_id": control["<|endoftext|>"],
        "pad_token_id": control["<|endoftext|>"],
        "do_sample": True,
        "eos_token_id": [control["<|im_end|>"], control["<|endoftext|>"]],
        "repetition_penalty": 1.1,
        "temperature": 0.7,
        "top_p": 0.8,
        "top_k": 20,
    }


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
