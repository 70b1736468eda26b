"""How byte-level BPE spells bytes: vocabularies and merges are written in printable stand-ins, one a byte."""

from __future__ import annotations


def _byte_of_character() -> dict[str, int]:
    """GPT-2's printable stand-ins for bytes: itself where printable, otherwise the next free from U+0100."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(0x100 + i): b for i, b in enumerate(others)}


BYTE_OF_CHARACTER = _byte_of_character()


def spelled_bytes(token: str) -> bytes:
    """A vocabulary entry's bytes. As the ByteLevel decoder does, one with other characters stands for itself."""
    try:
        return bytes([BYTE_OF_CHARACTER[c] for c in token])
    except KeyError:
        return token.encode()
