"""The four kinds of files Qingmo parses: how each is damaged, and how it is then used as a start uses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from random import Random

import numpy as np

from qingmo.engine.runner import NativeRunner, kv_cache_dtype
from qingmo.model.chat_template import ChatTemplate
from qingmo.model.checkpoint import open_checkpoint
from qingmo.model.hub_cache import shard_names
from qingmo.model.packed_file import open_packed, verify_checksums
from qingmo.model.packed_header import DIGEST_SIZE, PREFIX
from qingmo.model.packing import packed_checkpoint
from qingmo.model.safetensors_file import ITEM_SIZES, open_safetensors
from qingmo.model.tokenizer import Tokenizer
from qingmo.sampling_params import resolve
from tests.fuzz.damage import damaged_bytes, damaged_json, parse
from tests.fuzz.templates import damaged_template
from tests.toy_checkpoint import TEMPLATE, make_toy_checkpoint

WHOLE = 0.3  # of the mutants are damaged as bytes, the others as what the bytes mean
TEXT = "hello 你好, a number 12\n\n don't " + "a" * 40
MESSAGES = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hello <|im_end|> hello"}]
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
TEMPLATE_FILE = "chat_template.jinja"
INDEX = "model.safetensors.index.json"
CONFIGS = ("config.json", "generation_config.json", "tokenizer_config.json", INDEX, TEMPLATE_FILE)

Mutant = tuple[str, bytes]  # file name, content


@dataclass(frozen=True)
class Parser:
    """One kind of file in a folder of its own, which holds a whole toy checkpoint."""

    folder: Path
    damage: Callable[[Random], Mutant]
    use: Callable[[], None]  # raises what a start with this folder would raise


def safetensors_parser(folder: Path) -> Parser:
    path = _tiny_checkpoint(folder) / "model.safetensors"
    content = path.read_bytes()
    header_end = 8 + int.from_bytes(content[:8], "little")
    tree, body = parse(content[8:header_end].decode()), content[header_end:]

    def damage(random: Random) -> Mutant:
        if random.random() < WHOLE:
            return path.name, damaged_bytes(random, content, header_end)
        header = damaged_json(random, tree).encode("utf-8", "surrogatepass")
        length = len(header) if random.random() < 0.9 else _length(random, len(header))
        return path.name, length.to_bytes(8, "little") + header + _body(random, body)

    def use() -> None:
        file = open_safetensors(path)
        for name, entry in file.tensors.items():
            if entry.dtype in ITEM_SIZES and entry.shape:
                file.read_rows(name, 0, entry.shape[0])
        checkpoint = open_checkpoint(folder)
        for name in checkpoint.shard_of:
            checkpoint.read_rows(name, 0, 1)

    return Parser(folder, damage, use)


def packed_parser(folder: Path) -> Parser:
    checkpoint = open_checkpoint(_tiny_checkpoint(folder))
    packed = packed_checkpoint(checkpoint, "int8", cache_dir=folder, threads=1)
    content, path = packed.path.read_bytes(), packed.path
    magic, version, length = PREFIX.unpack(content[: PREFIX.size])
    header_end = PREFIX.size + length
    tree, body = parse(content[PREFIX.size : header_end].decode()), content[header_end + DIGEST_SIZE :]
    valid = np.full(-(-checkpoint.config.vocab_size // 32), 0xFFFFFFFF, np.uint32)

    def damage(random: Random) -> Mutant:
        if random.random() < WHOLE:
            return _inside(folder, path), damaged_bytes(random, content, header_end)
        text = damaged_json(random, tree).encode("utf-8", "surrogatepass")
        size = len(text) if random.random() < 0.9 else _length(random, len(text)) % 2**32
        start = PREFIX.pack(magic, version, size) + text
        digest = blake2b(start, digest_size=DIGEST_SIZE).digest()
        padding = bytes(max(0, header_end + DIGEST_SIZE - len(start) - len(digest)))  # a shorter header moves nothing
        return _inside(folder, path), start + digest + padding + _body(random, body)

    def use() -> None:
        found = open_packed(path, packed.key)
        verify_checksums(found)
        NativeRunner(
            found, rope_theta=1e6, valid_tokens=valid, num_blocks=2, max_rows=4, max_outputs=4, max_positions=16,
            threads=1, isa="scalar",
        )  # fmt: skip
        kv_cache_dtype(found)

    return Parser(folder, damage, use)


def tokenizer_parser(folder: Path) -> Parser:
    path = _tiny_checkpoint(folder) / "tokenizer.json"
    content = path.read_bytes()
    tree = parse(content.decode())

    def damage(random: Random) -> Mutant:
        if random.random() < WHOLE:
            return path.name, damaged_bytes(random, content)
        return path.name, damaged_json(random, tree).encode("utf-8", "surrogatepass")

    def use() -> None:
        tokenizer = Tokenizer.from_folder(folder)
        tokenizer.valid_token_mask(open_checkpoint(folder).config.vocab_size)
        tokenizer.decode(tokenizer.encode(TEXT))
        tokenizer.decode(range(600), skip_special=False)

    return Parser(folder, damage, use)


def config_parser(folder: Path) -> Parser:
    _tiny_checkpoint(folder, shards=2)
    (folder / TEMPLATE_FILE).write_text(TEMPLATE)
    originals = {name: (folder / name).read_bytes() for name in CONFIGS}
    trees = {name: parse(text.decode()) for name, text in originals.items() if name != TEMPLATE_FILE}

    def damage(random: Random) -> Mutant:
        name = random.choice(CONFIGS)
        if random.random() < WHOLE:
            return name, damaged_bytes(random, originals[name])
        text = damaged_json(random, trees[name]) if name in trees else damaged_template(random, TEMPLATE)
        return name, text.encode("utf-8", "surrogatepass")

    def use() -> None:
        shard_names(folder / INDEX)
        checkpoint = open_checkpoint(folder)
        resolve(None, checkpoint.generation_config)
        template = ChatTemplate.from_folder(folder, Tokenizer.from_folder(folder))
        template.encode(MESSAGES, tools=TOOLS)

    return Parser(folder, damage, use)


PARSERS: dict[str, Callable[[Path], Parser]] = {
    "safetensors": safetensors_parser,
    "packed": packed_parser,
    "tokenizer": tokenizer_parser,
    "config": config_parser,
}


def _tiny_checkpoint(folder: Path, **changes: int) -> Path:
    return make_toy_checkpoint(
        folder, layers=1, hidden=32, heads=1, kv_heads=1, head_dim=32, intermediate=32, **changes
    )


def _inside(folder: Path, path: Path) -> str:
    return str(path.relative_to(folder))


def _length(random: Random, true: int) -> int:
    return random.choice((0, 1, true - 1, true + 1, 2**24, 2**31, 2**32 - 1, 2**63, 2**64 - 1))


def _body(random: Random, body: bytes) -> bytes:
    choice = random.random()
    if choice < 0.8:
        return body
    return body[: random.randrange(len(body))] if choice < 0.9 else body + bytes(random.choice((1, 64, 4096)))
