"""What a token of a prompt of 8,000 costs beside one of 512: Qingmo and OpenVINO in turns.

benchmarks/peers/setup.sh CHECKPOINT
python benchmarks/long_prompt.py CHECKPOINT [--turns 5] [--threads 2] [--peers qingmo-int8,openvino]
"""

from __future__ import annotations

import argparse
import statistics
from contextlib import ExitStack
from pathlib import Path

from report import OURS, Running, peers

SHORT, LONG = 512, 8000  # tokens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peers", default=f"{OURS},openvino", help="keys of report.py, with commas between them")
    a = parser.parse_args()
    chosen = [peer for peer in peers(a.checkpoint.resolve(), a.threads) if peer.key in a.peers.split(",")]
    taken: dict[str, list[tuple[float, float]]] = {peer.title: [] for peer in chosen}  # ms a token, short and long
    with ExitStack() as stack:
        running = [stack.enter_context(Running(peer)) for peer in chosen]
        for _ in range(a.turns):
            for each in running:
                short, long = (1000 * each.seconds_for(f"prefill {count}") / count for count in (SHORT, LONG))
                taken[each.peer.title].append((short, long))
    for title, turns in taken.items():
        ratios = [long / short for short, long in turns]
        short, long = (statistics.median(column) for column in zip(*turns, strict=True))
        print(f"{title:24} {short:.3f} ms a token of {SHORT}, {long:.3f} of {LONG}:", end=" ")
        print(f"{statistics.median(ratios):.2f} times ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
