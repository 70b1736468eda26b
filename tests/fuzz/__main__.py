"""Feeds damaged files to every parser. Each must be read, or be refused in a sentence that names the file.

    python -m tests.fuzz                                 1,000 mutants of each kind
    python -m tests.fuzz --seconds 600 tokenizer         one kind, for ten minutes
    python -m tests.fuzz --first 4711 --mutants 1 --verbose tokenizer       one mutant again

Anything else is a finding, and the exit status is 1: another exception, a crash, a message no terminal should be sent,
more than a few seconds or 2 GiB.
"""

from __future__ import annotations

import argparse
import faulthandler
import multiprocessing
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import Structure, c_int64
from pathlib import Path
from random import Random
from types import FrameType

from qingmo.errors import QingmoError
from tests.fuzz.parsers import PARSERS, Parser

PATIENCE = 5  # s of processor time for one mutant: a busy machine is no hang
STUCK = 300  # s by the clock, for what waits
MEMORY = 2 << 30  # bytes of address space beyond what the libraries take
IN_MEMORY = Path("/dev/shm")  # a disk would be waited for at every mutant
LONGEST_MESSAGE = 1_000  # characters beside the folder's name


class TooLong(BaseException):
    """A mutant that took longer than PATIENCE; no `except Exception` may catch it."""


class Counts(Structure):
    """What has been seen of one kind, in memory that two processes share."""

    _fields_ = (("number", c_int64), ("read", c_int64), ("refused", c_int64), ("findings", c_int64))


def main() -> int:
    options = _options()
    findings = 0
    for kind in options.kinds:
        seen = _watch(kind, options)
        print(f"{kind:12} {seen.number + 1 - options.first:8,} mutants {seen.read:8,} read {seen.refused:8,} refused "
              f"{seen.findings:8,} findings", flush=True)  # fmt: skip
        findings += seen.findings
    return findings > 0


def _watch(kind: str, options: argparse.Namespace) -> Counts:
    """Run the mutants in a process of their own; one that dies is a finding, and another goes on behind it."""
    processes = multiprocessing.get_context("fork")
    seen = processes.Value(Counts, options.first - 1, lock=False)
    end = time.monotonic() + options.seconds if options.seconds else None

    def stop(number: int) -> bool:
        return number >= options.first + options.mutants if end is None else time.monotonic() >= end

    while not stop(seen.number + 1):
        with tempfile.TemporaryDirectory(
            prefix="qingmo-fuzz-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None
        ) as folder:
            parser = PARSERS[kind](Path(folder))
            arguments = (parser, kind, options.seed, seen.number + 1, stop, options.verbose, seen)
            process = processes.Process(target=_run, args=arguments)
            process.start()
            process.join()
        if process.exitcode:
            _report(kind, options.seed, seen, f"the process ended with {process.exitcode}")
    return seen


def _report(kind: str, seed: int, seen: Counts, problem: str) -> None:
    seen.findings += 1
    print(f"finding: --seed {seed} --first {seen.number} {kind}: {problem}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=list(PARSERS), metavar="KIND", help=", ".join(PARSERS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mutants", type=int, default=1_000, help="of each kind")
    parser.add_argument("--seconds", type=float, help="for each kind, instead of a number of mutants")
    parser.add_argument("--first", type=int, default=0, help="the number of the first mutant")
    parser.add_argument("--verbose", action="store_true", help="print every refusal and whole tracebacks")
    return parser.parse_args()


def _run(
    parser: Parser, kind: str, seed: int, first: int, stop: Callable[[int], bool], verbose: bool, seen: Counts
) -> None:
    """Mutants from `first` on. `seen` is kept up to date for the process that watches this one."""
    faulthandler.enable()
    signal.signal(signal.SIGPROF, _too_long)
    _limit_memory()
    number = first
    while not stop(number):
        seen.number = number
        file, content = parser.damage(Random(f"{kind} {seed} {number}"))
        with _replaced(parser.folder / file, content):
            problem = _problem(parser, seen, verbose)
        if problem:
            _report(kind, seed, seen, problem)
        number += 1


@contextmanager
def _replaced(path: Path, content: bytes) -> Iterator[None]:
    original = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(original)


def _problem(parser: Parser, seen: Counts, verbose: bool) -> str | None:
    """What is wrong with how the damaged file is taken; None where it is read or refused as it should be."""
    faulthandler.dump_traceback_later(STUCK, exit=True)
    _end_after(4 * PATIENCE)  # for what never comes back to Python
    try:
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)
        try:
            parser.use()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    except QingmoError as error:
        seen.refused += 1
        if verbose:
            print(repr(error))
        return _problem_of_message(error, parser.folder)
    except BaseException as error:
        if verbose:
            traceback.print_exc()
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error)!r:.200} ({Path(where.filename).name}:{where.lineno})"
    finally:
        faulthandler.cancel_dump_traceback_later()
    seen.read += 1
    return None


def _problem_of_message(error: QingmoError, folder: Path) -> str | None:
    text = str(error).replace(str(folder), "")
    named = text != str(error) or "tokenizer.json" in text or "chat template" in text
    if not all(character.isprintable() or character == "\n" for character in text):
        return f"the message holds characters that a terminal may obey: {text!r:.300}"
    if len(text) > LONGEST_MESSAGE:
        return f"the message has {len(text)} characters: {text!r:.300}"
    ends = text.endswith((".", "!", "?")) or "refuses these messages" in text  # those are the template's own words
    if not named or not ends or " " not in text:
        return f"the message is not a sentence that names a file: {text!r:.300}"
    return None


def _too_long(_number: int, _frame: FrameType | None) -> None:
    raise TooLong(f"more than {PATIENCE} s")


def _end_after(seconds: int) -> None:
    """Let the system end this process when it has taken so much more processor time."""
    limit = int(time.process_time()) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _limit_memory() -> None:
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, resource.RLIM_INFINITY))


if __name__ == "__main__":
    sys.exit(main())
