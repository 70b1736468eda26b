#!/usr/bin/env python3
"""Write native/unicode_classes.h: the letters, numbers and white space of Qwen2's split pattern.

The `tokenizers` library's own regular expressions say what belongs to a class, because ids must be those it gives.
Python's unicodedata is mostly of another Unicode version.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from tokenizers import Regex, normalizers

OUT = Path(__file__).parent.parent / "native/unicode_classes.h"
CLASSES = {1: r"\p{L}", 2: r"\p{N}", 3: r"\s"}  # 0: everything else
HEAD = """\
// Written by scripts/make_unicode_classes.py from the classes that the tokenizers library's regular expressions know,
// which are those of Unicode 16.0. Each number is (the first code point of a range << 2) | its class: 0 other,
// 1 a letter (\\p{L}), 2 a number (\\p{N}), 3 white space (\\s). A range ends where the next begins.
#pragma once

#include <cstdint>

namespace qingmo {

constexpr uint32_t kClassRanges[] = {
"""
TAIL = """
};

}  // namespace qingmo
"""


def class_of_each() -> bytearray:
    """The class of every code point; surrogates, which no text holds, have none."""
    classes = bytearray(sys.maxunicode + 1)
    for begin in range(0, len(classes), 4096):
        text = "".join(chr(c) for c in range(begin, begin + 4096) if not 0xD800 <= c < 0xE000)
        for number, pattern in CLASSES.items():
            others = set(normalizers.Replace(Regex(pattern), "").normalize_str(text))
            for character in text:
                if character not in others:
                    classes[ord(character)] = number
    return classes


def main() -> None:
    classes = class_of_each()
    begins = [c for c in range(len(classes)) if c == 0 or classes[c] != classes[c - 1]]
    numbers = ", ".join(hex(c << 2 | classes[c]) for c in begins)
    OUT.write_text(HEAD + textwrap.fill(numbers, 120, initial_indent="    ", subsequent_indent="    ") + TAIL)


if __name__ == "__main__":
    main()
