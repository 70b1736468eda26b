"""Ids are transformers' own, no text becomes a control token, and damaged files are refused by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import pytest
import tokenizers
from goldens import tokenizer_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from qingmo.errors import CheckpointError, InvalidRequestError, UnsupportedError
from qingmo.model.library_byte_pairs import load_with_library
from qingmo.model.tokenizer import Tokenizer

GOLDENS = json.loads((Path(tokenizer_lines.__file__).parent / "tokenizer.json").read_text(encoding="utf-8"))
TEXT = st.text(st.characters(exclude_categories=("Cs",)))
steady = settings(deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def real(shape_folder: Path) -> Tokenizer:
    return Tokenizer.from_folder(shape_folder)


@pytest.fixture(scope="module")
def toy(toy_folder: Path) -> Tokenizer:
    return Tokenizer.from_folder(toy_folder)


@pytest.fixture
def folder(toy_folder: Path, tmp_path: Path) -> Path:
    """A toy's tokenizer files, to change."""
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(toy_folder / name, tmp_path / name)
    return tmp_path


def change(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


@pytest.fixture(scope="module")
def original(shape_folder: Path) -> tokenizers.Tokenizer:
    return tokenizers.Tokenizer.from_file(str(shape_folder / "tokenizer.json"))


def test_ids_of_spelled_out_examples_are_those_of_transformers(real: Tokenizer) -> None:
    for example in GOLDENS["examples"]:
        assert real.encode(example["text"]) == example["ids"], example["text"]


def test_ids_of_thousands_of_lines_are_those_of_transformers(real: Tokenizer, original: tokenizers.Tokenizer) -> None:
    blocks = list(tokenizer_lines.blocks())
    assert sum(map(len, blocks)) >= 5000
    for block, recorded in zip(blocks, GOLDENS["blocks"], strict=True):
        ids = [real.encode(line) for line in block]
        for line, row in zip(block, ids, strict=True):
            assert row == original.encode(line, add_special_tokens=False).ids, line
        assert tokenizer_lines.fingerprint(ids) == recorded


@steady
@given(text=TEXT)
def test_decoding_the_ids_of_a_text_gives_it_composed(toy: Tokenizer, text: str) -> None:
    assert toy.decode(toy.encode(text)) == normalize("NFC", text)


@pytest.mark.parametrize("skip_special", [True, False])
def test_decoding_any_ids_gives_what_the_original_gives(
    real: Tokenizer, original: tokenizers.Tokenizer, skip_special: bool
) -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        ids = [*rng.integers(0, 151_700, 12).tolist(), *rng.integers(151_640, 151_665, 3).tolist()]
        rng.shuffle(ids)
        known = [i for i in ids if original.id_to_token(i) is not None]
        wanted = original.decode(known, skip_special_tokens=skip_special)
        assert real.decode(ids, skip_special) == wanted


def test_text_that_spells_control_tokens_stays_text(real: Tokenizer) -> None:
    for string in real.control_tokens:
        for text in (string, f"a{string}b", f" {string}\n", string * 2, string[:-1] + string + string[-1]):
            ids = real.encode(text)
            assert not any(real.is_control(i) for i in ids)
            assert real.decode(ids) == text


def test_control_tokens_are_all_added_tokens_special_or_not(real: Tokenizer) -> None:
    assert len(real.control_tokens) == 22
    assert real.control_tokens["<|im_end|>"] == 151645
    assert real.control_tokens["<tool_call>"] == 151657
    assert real.eos_token == "<|im_end|>"
    assert real.is_control(151657) and not real.is_control(1000)


def test_special_tokens_show_no_bytes_and_other_added_tokens_show_their_text(toy: Tokenizer) -> None:
    assert toy.token_bytes(toy.control_tokens["<|im_end|>"]) == b""
    assert toy.token_bytes(toy.control_tokens["<tool_call>"]) == b"<tool_call>"
    assert toy.decode([toy.control_tokens["<|im_end|>"]], skip_special=False) == "<|im_end|>"
    assert toy.token_bytes(10**6) == b""


def test_the_bytes_of_tokens_join_to_the_text_they_came_from(toy: Tokenizer) -> None:
    text = "龘😀 你好\x00\xad\u0100ÿ\n"
    assert b"".join(map(toy.token_bytes, toy.encode(text))) == text.encode()


def bits(mask: np.ndarray, count: int) -> list[int]:
    return [i for i in range(count) if mask[i // 32] >> np.uint32(i % 32) & 1]


def test_the_mask_has_a_bit_for_each_id_that_has_a_token(real: Tokenizer) -> None:
    mask = real.valid_token_mask(151936)
    assert (mask.shape, mask.dtype) == ((4748,), np.uint32)
    assert bits(mask, 4748 * 32) == list(range(151665))


def test_the_mask_leaves_out_gaps_in_the_vocabulary(folder: Path) -> None:
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    model = content["model"]
    added = [{**entry, "id": entry["id"] + 6} for entry in content["added_tokens"]]
    last = max(model["vocab"].values())
    moved = {token: i + 3 if i == last else i for token, i in model["vocab"].items()}
    change(folder / "tokenizer.json", model={**model, "vocab": moved}, added_tokens=added)
    change(folder / "tokenizer_config.json", added_tokens_decoder={})
    mask = Tokenizer.from_folder(folder).valid_token_mask(1024)
    assert bits(mask, 1024) == [*range(last), last + 3, *(entry["id"] for entry in added)]


def test_a_vocabulary_entry_that_is_no_bytes_stands_for_itself(folder: Path) -> None:
    model = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    change(folder / "tokenizer.json", model={**model, "vocab": {**model["vocab"], "你 好": 1000}})
    changed = Tokenizer.from_folder(folder)
    original = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert changed.token_bytes(1000).decode() == original.decode([1000]) == "你 好"


def test_a_model_narrower_than_its_control_tokens_is_refused(toy: Tokenizer) -> None:
    with pytest.raises(CheckpointError, match=r"vocab_size in config\.json is 300"):
        toy.valid_token_mask(300)


@pytest.mark.parametrize("text", ["a\ud800b", 5, None, b"bytes", ["a"]])
def test_what_is_not_text_is_refused_by_field(toy: Tokenizer, text: Any) -> None:
    with pytest.raises(InvalidRequestError) as error:
        toy.encode(text)
    assert error.value.field == "prompt"


def test_a_surrogate_is_named_with_its_place(toy: Tokenizer) -> None:
    with pytest.raises(InvalidRequestError, match=r"U\+D83D, at character 2"):
        toy.encode("ab\ud83d")


def test_truncation_and_padding_saved_in_the_file_do_not_change_ids(toy: Tokenizer, folder: Path) -> None:
    truncation = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    padding = {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0}
    padding |= {"pad_type_id": 0, "pad_token": "!"}
    change(folder / "tokenizer.json", truncation=truncation, padding=padding)
    changed = Tokenizer.from_folder(folder)
    for text in ("a", "hello world, a long enough line"):
        assert changed.encode(text) == toy.encode(text)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff\xfe", b'{"added_tokens": [{'])
def test_missing_and_damaged_files_are_refused_by_name(folder: Path, name: str, content: bytes | None) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=name):
        Tokenizer.from_folder(folder)


def test_a_truncated_file_is_refused(folder: Path) -> None:
    path = folder / "tokenizer.json"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"tokenizer\.json is damaged"):
        Tokenizer.from_folder(folder)


@pytest.mark.parametrize("entry", [{"content": "<x>"}, {"id": 1}, {"id": "one", "content": "<x>"}, 7])
def test_added_tokens_without_id_or_content_are_refused(folder: Path, entry: Any) -> None:
    change(folder / "tokenizer.json", added_tokens=[entry])
    with pytest.raises(CheckpointError, match="added tokens"):
        Tokenizer.from_folder(folder)


@pytest.mark.parametrize("other", [{"content": "<|other|>"}, {"content": "<|im_start|>"}])
def test_files_that_disagree_about_an_added_token_are_refused(folder: Path, toy: Tokenizer, other: Any) -> None:
    change(folder / "tokenizer_config.json", added_tokens_decoder={str(toy.control_tokens["<|im_end|>"]): other})
    with pytest.raises(CheckpointError, match="disagree about the added token"):
        Tokenizer.from_folder(folder)


def test_added_tokens_of_either_file_are_control_tokens(folder: Path) -> None:
    change(folder / "tokenizer_config.json", added_tokens_decoder={"900": {"content": "<think>"}})
    assert Tokenizer.from_folder(folder).control_tokens.keys() >= {"<think>", "<|im_end|>"}


def test_added_tokens_that_swallow_space_are_refused(folder: Path) -> None:
    entry = {"content": "<mask>", "lstrip": True}
    change(folder / "tokenizer_config.json", added_tokens_decoder={"900": entry})
    with pytest.raises(UnsupportedError, match="<mask>"):
        Tokenizer.from_folder(folder)


def test_a_vocabulary_that_makes_a_control_token_from_text_is_refused(folder: Path, toy: Tokenizer) -> None:
    change(folder / "tokenizer_config.json", added_tokens_decoder={str(toy.encode("a")[0]): {"content": "a"}})
    with pytest.raises(UnsupportedError, match="from ordinary text"):
        Tokenizer.from_folder(folder)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b'"version"', b'"vers\xff"', "is not UTF-8 text"),
        (b'"added_tokens": [', b'"added_tokens": [' + b"[" * 100_000, "nested too deeply"),
        (b'"added_tokens": [', b'"added_tokens": [{"id": Infinity, "content": ""}, ', "lack an id"),
        (b'"version": "1.0"', b'"version": "' + b"1" * 5000 + b'"', "Unknown tokenizer version '1{50,300}. Fetch"),
    ],
)
def test_a_damaged_tokenizer_file_is_refused_in_a_sentence(folder: Path, old: bytes, new: bytes, problem: str) -> None:
    path = folder / "tokenizer.json"
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(CheckpointError, match=rf"tokenizer\.json.*{problem}"):
        Tokenizer.from_folder(folder)


def test_an_unknown_token_that_the_vocabulary_lacks_is_refused_before_a_text_meets_it(folder: Path) -> None:
    path = folder / "tokenizer.json"
    content = path.read_bytes().replace(b'"unk_token": null', b'"unk_token": "<lost>"')
    with pytest.raises(CheckpointError, match=r"tokenizer\.json is damaged: its unk_token '<lost>' is not in"):
        load_with_library(path, content)


def test_a_prefix_of_subwords_is_refused_because_the_library_would_end_the_process(folder: Path) -> None:
    path = folder / "tokenizer.json"
    path.write_text(path.read_text().replace('"continuing_subword_prefix": ""', '"continuing_subword_prefix": "x"'))
    with pytest.raises(UnsupportedError, match=r"tokenizer\.json has a continuing_subword_prefix"):
        Tokenizer.from_folder(folder)


def test_other_kinds_of_tokenizer_are_refused_in_one_sentence(folder: Path) -> None:
    word_level = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0}, unk_token="a"))
    word_level.save(str(folder / "tokenizer.json"))
    with pytest.raises(UnsupportedError, match="WordLevel tokenizer; this version reads byte-level BPE"):
        Tokenizer.from_folder(folder)


def test_an_added_token_that_is_no_text_is_refused(folder: Path) -> None:
    change(folder / "tokenizer_config.json", added_tokens_decoder={"900": {"content": "\ud800"}})
    with pytest.raises(CheckpointError, match="added tokens"):
        Tokenizer.from_folder(folder)
