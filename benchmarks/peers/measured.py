"""What every worker here does once its model is loaded: it answers what report.py and speed.py ask, line by line.

"prefill N" is answered with the seconds of N prompt tokens up to the first token of the answer, "decode N" with those
of N tokens of answer after a prompt of 16. Only the standard library: each worker runs in its peer's own environment.
"""

import sys
from collections.abc import Callable, Mapping

SHORT = 16  # tokens of a prompt before a decode


def answer(seconds: Callable[[int, int], float], others: Mapping[str, Callable[[], str]] | None = None) -> None:
    """seconds(prompt tokens, new tokens) measures; others: what else this worker can be asked in one word."""
    seconds(SHORT, 4)
    print("ready", flush=True)
    for line in sys.stdin:
        what, _, n = line.strip().partition(" ")
        if others and what in others:
            print(others[what](), flush=True)
        elif what == "prefill":
            print(seconds(int(n), 1), flush=True)
        else:
            print(seconds(SHORT, int(n) + 1) - seconds(SHORT, 1), flush=True)
