"""CPU time that quantizing a matrix takes, int8 and int4.

    python benchmarks/packing.py [--rows 4096] [--inputs 896] [--repeats 5]

Packing a model is this for every matrix, and for int8 the measuring of its groups before.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from qingmo import _native


def cpu_seconds(work: Callable[[], object], repeats: int) -> float:
    """Of the quickest repeat."""
    used = []
    for _ in range(repeats):
        begin = time.process_time()
        work()
        used.append(time.process_time() - begin)
    return min(used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--inputs", type=int, default=896)
    parser.add_argument("--repeats", type=int, default=5)
    a = parser.parse_args()
    rows = np.random.default_rng(0).standard_normal((a.rows, a.inputs), dtype=np.float32)
    for name, work in {
        "int8, groups of 32": lambda: _native.quantize_int8(rows, 32, 1),
        "int8_errors": lambda: _native.int8_errors(rows, 1),
        "int4": lambda: _native.quantize_int4(rows, 1),
    }.items():
        seconds = cpu_seconds(work, a.repeats)
        print(f"{name}: {seconds * 1e3:.1f} ms, {seconds / rows.size * 1e9:.1f} ns a weight")


if __name__ == "__main__":
    main()
