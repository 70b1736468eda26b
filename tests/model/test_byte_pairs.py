"""Our own tokenizer gives the ids that the `tokenizers` library gives, whatever the text."""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_text import MARKS, NEWER_MARKS, STARTERS, WHITE_SPACE, odd_lines
from tokenizers import Regex, normalizers

from qingmo import _native
from qingmo.model.byte_pairs import BytePairs, load_byte_pairs
from qingmo.model.library_byte_pairs import load_with_library
from qingmo.model.normal_form import composed
from qingmo.model.token_table import TableBytePairs

TEXT = st.text(st.characters(exclude_categories=("Cs",)))
ODD_TEXT = st.lists(st.sampled_from([*MARKS, *NEWER_MARKS * 9, *STARTERS * 9, *WHITE_SPACE * 9, "'", "S"])).map("".join)
CHARACTERS = [chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c < 0xE000]
steady = settings(deadline=None, derandomize=True)


def both(folder: Path) -> tuple[BytePairs, BytePairs]:
    path = folder / "tokenizer.json"
    ours, added = load_byte_pairs(path, path.read_bytes())
    library, added_there = load_with_library(path, path.read_bytes())
    assert isinstance(ours, TableBytePairs)
    assert added == added_there
    return ours, library


@pytest.fixture(scope="module")
def real(shape_folder: Path) -> tuple[BytePairs, BytePairs]:
    return both(shape_folder)


@pytest.fixture(scope="module")
def toy(toy_folder: Path) -> tuple[BytePairs, BytePairs]:
    return both(toy_folder)


def test_ids_of_odd_lines_are_the_librarys(real: tuple[BytePairs, BytePairs]) -> None:
    ours, library = real
    for line in islice(odd_lines(seed=7), 5000):
        assert ours.encode(line) == library.encode(line), ascii(line)


@steady
@given(text=TEXT | ODD_TEXT)
def test_ids_of_any_text_are_the_librarys(real: tuple[BytePairs, BytePairs], text: str) -> None:
    ours, library = real
    assert ours.encode(text) == library.encode(text)


@pytest.mark.parametrize("text", ["", "a" * 5000, " " * 5000, "\n " * 2000, "的" * 2000, "'s" * 999, "ab" * 3000 + "!"])
def test_long_words_merge_as_the_library_merges_them(real: tuple[BytePairs, BytePairs], text: str) -> None:
    ours, library = real
    assert ours.encode(text) == library.encode(text)


@pytest.mark.parametrize("which", ["real", "toy"])
def test_bytes_and_ids_of_the_vocabulary_are_the_librarys(which: str, request: pytest.FixtureRequest) -> None:
    ours, library = request.getfixturevalue(which)
    assert ours.ids(200_000).tolist() == library.ids(200_000).tolist()
    assert ours.ids(300).tolist() == library.ids(300).tolist()
    for token_id in [*range(0, 160_000, 7), 151_642, 151_643, 2**32 - 1]:
        assert ours.token_bytes(token_id) == library.token_bytes(token_id)


def test_ids_below_0_and_beyond_32_bits_have_no_token(toy: tuple[BytePairs, BytePairs]) -> None:
    assert toy[0].token_bytes(-1) is None
    assert toy[0].token_bytes(2**40) is None


def test_character_classes_are_those_of_the_librarys_patterns() -> None:
    for number, pattern in {1: r"\p{L}", 2: r"\p{N}", 3: r"\s"}.items():
        remove = normalizers.Replace(Regex(pattern), "")
        for begin in range(0, len(CHARACTERS), 4096):
            block = CHARACTERS[begin : begin + 4096]
            others = set(remove.normalize_str("".join(block)))
            for character in block:
                is_one = _native.character_class(ord(character)) == number
                assert is_one == (character not in others), f"{pattern} and U+{ord(character):04X}"


def test_normal_form_is_the_librarys_for_all_characters_beside_marks() -> None:
    library = normalizers.NFC()
    for before, after in (("", ""), ("a\u0345", ""), ("a\u0323", "\u0301")):
        for begin in range(0, len(CHARACTERS), 256):
            text = "\n".join(before + c + after for c in CHARACTERS[begin : begin + 256])
            assert composed(text) == library.normalize_str(text), f"U+{ord(CHARACTERS[begin]):04X} and the 255 after it"


@steady
@given(text=ODD_TEXT)
def test_normal_form_of_rows_of_marks_is_the_librarys(text: str) -> None:
    assert composed(text) == normalizers.NFC().normalize_str(text)


def both_with_merges(toy_folder: Path, folder: Path, merges: list[str]) -> tuple[BytePairs, BytePairs]:
    """The toy's vocabulary with these merges instead of its own."""
    content = json.loads((toy_folder / "tokenizer.json").read_bytes())
    products = {merge.replace(" ", ""): 5000 + i for i, merge in enumerate(merges)}
    content["model"] |= {"vocab": content["model"]["vocab"] | products, "merges": merges}
    (folder / "tokenizer.json").write_text(json.dumps(content))
    return both(folder)


def test_of_two_merges_of_a_pair_the_last_holds_as_in_the_library(toy_folder: Path, tmp_path: Path) -> None:
    ours, library = both_with_merges(toy_folder, tmp_path, ["h e", "e l", "l o", "h e"])
    for text in ("hello", "helo", "hel", "he"):
        assert ours.encode(text) == library.encode(text)


def test_a_token_that_two_pairs_make_merges_as_in_the_library(toy_folder: Path, tmp_path: Path) -> None:
    merges = ["b c", "a b", "ab c", "a bc", "c d", "bc d", "abc d", "ab cd", "d a", "cd a"]
    ours, library = both_with_merges(toy_folder, tmp_path, merges)
    for number in range(4**6):
        text = "".join("abcd"[number // 4**i % 4] for i in range(6))
        assert ours.encode(text) == library.encode(text)
