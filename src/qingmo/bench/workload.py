"""What is asked: texts that depend on numbers alone, so that every subject gets the same."""

from __future__ import annotations

from random import Random

QUESTION = "用Python写一个快速排序，要求原地排序且时间复杂度O(n log n)"
CHARACTERS = (0x4E00, 0x9FA5)
MOST_AT_ONCE = 1000  # texts of one seed

Messages = list[dict[str, str]]


def fixed_question() -> Messages:
    """The same each time."""
    return [{"role": "user", "content": QUESTION}]


def new_question(number: int) -> Messages:
    """The same question behind instructions that differ from the first character on, so that no cache knows it."""
    return [{"role": "system", "content": f"{number}. You are a helpful assistant."}, *fixed_question()]


def random_text(characters: int, seed: int) -> str:
    """Chinese characters, of which most tokenizers make one to three tokens each."""
    chooser = Random(seed)
    return "".join(chr(chooser.randint(*CHARACTERS)) for _ in range(characters))


def random_texts(count: int, characters: int, seed: int) -> list[str]:
    """As many texts, all different, and different from those of every other seed."""
    return [random_text(characters, seed * MOST_AT_ONCE + i) for i in range(count)]
