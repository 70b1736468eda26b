"""What is left of a speed while something else keeps one processor busy: quiet and disturbed in turns.

    benchmarks/peers/setup.sh CHECKPOINT
    python benchmarks/busy_core.py CHECKPOINT [--turns 7] [--threads 2] [--peers qingmo-int8,llama.cpp-q8_0]

Each peer does what report.py has it do, once undisturbed and once beside an endless loop that is held to one processor.
Printed is the disturbed speed as a share of the undisturbed one, turn by turn: the median with the spread.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from report import OURS, Running, peers

MEASUREMENTS = ("prefill 512", "decode 64")
LOOP = "import os\nos.sched_setaffinity(0, {%d})\nwhile True: pass"


@contextmanager
def one_core_busy() -> Iterator[None]:
    """The last of the processors that this process may use."""
    loop = subprocess.Popen([sys.executable, "-c", LOOP % max(os.sched_getaffinity(0))])
    try:
        yield
    finally:
        loop.kill()
        loop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peers", default=f"{OURS},llama.cpp-q8_0", help="keys of report.py, with commas between them")
    a = parser.parse_args()
    chosen = [peer for peer in peers(a.checkpoint.resolve(), a.threads) if peer.key in a.peers.split(",")]
    with ExitStack() as stack:
        running = [stack.enter_context(Running(peer)) for peer in chosen]
        for _ in range(a.turns):
            for what in MEASUREMENTS:
                for each in running:
                    each.measure(what)
                    with one_core_busy():
                        each.measure(what)
    for each in running:
        for what in MEASUREMENTS:
            quiet, busy = each.seconds[what][::2], each.seconds[what][1::2]
            shares = [before / during for before, during in zip(quiet, busy, strict=True)]
            middle, least, most = statistics.median(shares), min(shares), max(shares)
            print(f"{each.peer.title:24} {what:12} {middle:6.2f} of the undisturbed speed ({least:.2f} to {most:.2f})")


if __name__ == "__main__":
    main()
