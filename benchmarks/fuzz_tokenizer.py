"""Compare the ids of our tokenizer with those of the `tokenizers` library, on any number of odd lines.

    python benchmarks/fuzz_tokenizer.py FOLDER [--lines 1000000] [--seed 1]

FOLDER: a checkpoint's, with tokenizer.json and tokenizer_config.json. Prints the first lines that differ, and fails.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import islice
from pathlib import Path

import tokenizers

from qingmo.model.byte_pairs import load_byte_pairs
from qingmo.model.library_byte_pairs import LibraryBytePairs, load_with_library

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from odd_text import odd_lines

BLOCK = 10_000  # lines at once
SHOWN = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    path = a.folder / "tokenizer.json"
    ours, _ = load_byte_pairs(path, path.read_bytes())
    library, _ = load_with_library(path, path.read_bytes())
    if isinstance(ours, LibraryBytePairs):
        raise SystemExit(f"{path} is of a kind that the library itself reads.")
    lines, different = odd_lines(a.seed), []
    tokens, seconds, library_seconds = 0, 0.0, 0.0
    for begin in range(0, a.lines, BLOCK):
        block = list(islice(lines, min(BLOCK, a.lines - begin)))
        started = time.process_time()
        ids = [ours.encode(line) for line in block]
        between = time.process_time()
        expected = [library.encode(line) for line in block]
        seconds, library_seconds = seconds + between - started, library_seconds + time.process_time() - between
        tokens += sum(map(len, ids))
        different += [line for line, a, b in zip(block, ids, expected, strict=True) if a != b]
        different += [line for line, row in zip(block, ids, strict=True) if decoded(ours, row) != decoded(library, row)]
    print(f"{a.lines} lines, {tokens} tokens, tokenizers {tokenizers.__version__}: {len(different)} lines differ")
    print(f"CPU seconds: ours {seconds:.1f}, the library's {library_seconds:.1f}")
    for line in different[:SHOWN]:
        print(ascii(line))
    sys.exit(bool(different))


def decoded(pairs: object, ids: list[int]) -> bytes:
    return b"".join(pairs.token_bytes(token_id) or b"" for token_id in ids)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
