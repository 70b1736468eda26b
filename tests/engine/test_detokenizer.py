"""Streamed pieces join to the decoded whole, hold whole characters only, and never show a part of a stop string."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qingmo.engine.detokenizer import Detokenizer

steady = settings(deadline=None, derandomize=True)
TEXT = st.text(st.characters(exclude_categories=("Cs",)))


def stream(tokens: Sequence[bytes], stop: Sequence[str] = (), min_tokens: int = 0) -> tuple[list[str], Detokenizer]:
    """Pieces of a sequence whose token i has the bytes tokens[i]; the last piece is what finish gave."""
    detokenizer = Detokenizer(tokens.__getitem__, stop)
    pieces = [detokenizer.push(i, match_stop=i + 1 > min_tokens) for i in range(len(tokens))]
    return [*pieces, detokenizer.finish()], detokenizer


def expected(text: str, stop: Sequence[str]) -> tuple[str, str | None]:
    """The slow definition: the first character at which a stop string is complete, and the longest one there."""
    for end in range(1, len(text) + 1):
        found = [s for s in stop if text[:end].endswith(s)]
        if found:
            longest = max(found, key=len)
            return text[: end - len(longest)], longest
    return text, None


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    bounds = [0, *sorted(p % (len(data) + 1) for p in places), len(data)]
    return [data[a:b] for a, b in pairwise(bounds)]


@steady
@given(st.lists(st.binary(max_size=5)))
def test_pieces_join_to_what_decoding_the_whole_gives(tokens: list[bytes]) -> None:
    pieces, _ = stream(tokens)
    assert "".join(pieces) == b"".join(tokens).decode("utf-8", errors="replace")


@steady
@given(TEXT.filter(lambda text: "\ufffd" not in text), st.lists(st.integers(0, 10**6), max_size=20))
def test_valid_text_cut_anywhere_never_shows_a_replacement_character(text: str, places: list[int]) -> None:
    pieces, _ = stream(cut(text.encode(), places))
    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)


def test_a_character_is_held_until_its_last_byte_and_no_longer() -> None:
    pieces, _ = stream([b"a\xf0", b"\x9f\x98", b"\x80b", b"\xe4\xbd"])
    assert pieces == ["a", "", "😀b", "", "\ufffd"]


@steady
@given(
    st.text("ab", max_size=40),
    st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=4),
    st.lists(st.integers(0, 10**6), max_size=20),
)
def test_stop_strings_end_the_text_wherever_tokens_begin(text: str, stop: list[str], places: list[int]) -> None:
    pieces, detokenizer = stream(cut(text.encode(), places), stop)
    assert ("".join(pieces), detokenizer.stopped) == expected(text, stop)


@pytest.mark.parametrize("place", range(len("一二<停止>三四".encode()) + 1))
def test_a_stop_string_cut_over_two_tokens_is_found_and_not_shown(place: int) -> None:
    data = "一二<停止>三四".encode()
    pieces, detokenizer = stream([data[:place], data[place:], b"more"], ["<停止>"])
    assert "".join(pieces) == "一二"
    assert detokenizer.stopped == "<停止>"


def test_only_what_could_begin_a_stop_string_is_held_back() -> None:
    pieces, detokenizer = stream([b"one\n", b"\ntwo", b"\n", b"\n#", b"x", b"\n"], ["\n\n#!"])
    assert pieces == ["one", "\n\ntwo", "", "", "\n\n#x", "", "\n"]
    assert detokenizer.stopped is None


def test_of_stop_strings_that_end_together_the_longest_wins() -> None:
    pieces, detokenizer = stream([b"x", b"user", b":"], [":", "user:"])
    assert ("".join(pieces), detokenizer.stopped) == ("x", "user:")


def test_stop_strings_wait_for_min_tokens_and_use_no_text_from_before() -> None:
    pieces, detokenizer = stream([b"ab", b"a", b"b ab", b"!"], ["ab"], min_tokens=2)
    assert ("".join(pieces), detokenizer.stopped) == ("abab ", "ab")


def test_after_a_stop_string_nothing_more_comes() -> None:
    pieces, _ = stream([b"a.", b"b", b"."], ["."])
    assert pieces == ["a", "", "", ""]


def test_an_incomplete_character_can_complete_a_stop_string_at_the_end() -> None:
    pieces, detokenizer = stream([b"a\xe4"], ["\ufffd"])
    assert ("".join(pieces), detokenizer.stopped) == ("a", "\ufffd")


def test_text_that_may_not_stop_is_shown_in_order_and_forgotten() -> None:
    detokenizer = Detokenizer([b"a", b"x", b"b", b"ab"].__getitem__, ["ab"])
    pieces = [detokenizer.push(0), detokenizer.push(1, match_stop=False), detokenizer.push(2), detokenizer.push(3)]
    assert (pieces, detokenizer.stopped) == (["", "ax", "b", ""], "ab")
