"""Weights and tokenizer as a checkpoint folder in Qwen2.5's layout, which the ordinary engine opens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from demo.shape import Shape
from demo.tokens import CONTROL, TOOL_MARKS

TEMPLATE = Path(__file__).with_name("chat_template.jinja")
LONGEST_CONTEXT = 2048  # tokens; answers are best within 512, the rows of training

_LICENSE = """\
The demo model of Qingmo: weights, tokenizer and configuration, made by the scripts in demo/ from text they generate.
They are under the licence of Qingmo itself, Apache-2.0. The chat template in tokenizer_config.json is that of
Qwen2.5-0.5B-Instruct, Copyright Alibaba Cloud, Apache-2.0. No weight or text of another model is in here.
"""


def export(weights: Mapping[str, Any], tokenizer: Tokenizer, folder: Path) -> None:
    """Write the six files into `folder`; weights are those of `Decoder`, by name, and are stored as bfloat16."""
    import torch  # only here: tests of the other files need no torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"model.{name}": tensor.to(torch.bfloat16).contiguous() for name, tensor in weights.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    write_tokenizer(tokenizer, folder)
    _write(folder / "config.json", _config(Shape(tokenizer.get_vocab_size()), tokenizer))
    _write(folder / "generation_config.json", _generation_config(tokenizer))
    (folder / "LICENSE").write_text(_LICENSE, encoding="utf-8")


def write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """tokenizer.json, and tokenizer_config.json with the chat template."""
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    _write(folder / "tokenizer_config.json", _tokenizer_config(tokenizer))


def _write(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _config(shape: Shape, tokenizer: Tokenizer) -> dict[str, Any]:
    return {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "attention_dropout": 0.0,
        "bos_token_id": tokenizer.token_to_id("<|endoftext|>"),
        "eos_token_id": tokenizer.token_to_id("<|im_end|>"),
        "hidden_act": "silu",
        "hidden_size": shape.hidden_size,
        "initializer_range": 0.02,
        "intermediate_size": shape.intermediate_size,
        "max_position_embeddings": LONGEST_CONTEXT,
        "num_attention_heads": shape.num_heads,
        "num_hidden_layers": shape.num_layers,
        "num_key_value_heads": shape.num_kv_heads,
        "rms_norm_eps": shape.rms_norm_eps,
        "rope_theta": shape.rope_theta,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": shape.vocab_size,
    }


def _generation_config(tokenizer: Tokenizer) -> dict[str, Any]:
    """A low temperature and no penalty: what it knows it knows exactly, and copying repeats by nature."""
    end, nothing = tokenizer.token_to_id("<|im_end|>"), tokenizer.token_to_id("<|endoftext|>")
    return {
        "bos_token_id": nothing,
        "pad_token_id": nothing,
        "eos_token_id": [end, nothing],
        "do_sample": True,
        "repetition_penalty": 1.0,
        "temperature": 0.2,
        "top_k": 20,
        "top_p": 0.8,
    }


def _tokenizer_config(tokenizer: Tokenizer) -> dict[str, Any]:
    added = {str(tokenizer.token_to_id(text)): _added_token(text) for text in (*CONTROL, *TOOL_MARKS)}
    return {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": added,
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "bos_token": None,
        "chat_template": TEMPLATE.read_text(encoding="utf-8"),
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": LONGEST_CONTEXT,
        "pad_token": "<|endoftext|>",
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }


def _added_token(text: str) -> dict[str, Any]:
    special = text in CONTROL
    return {
        "content": text,
        "lstrip": False,
        "normalized": False,
        "rstrip": False,
        "single_word": False,
        "special": special,
    }
