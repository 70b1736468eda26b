"""One person at OpenAI-compatible servers, asked in turns: the second turn of a long chat, and the same request again.

    python benchmarks/turns.py URL [URL ...] --tokenizer CHECKPOINT [--chats 9] [--identical 100]

Each chat has a history of 1,000 tokens when its second question comes: once from the server that has just answered the
first, and once with another first character, which no prefix cache can know. Printed are the times to the first token,
their ratio, and for identical requests how steady the whole time of one is. Exits 1 where a request failed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from trace import ANSWER_TOKENS, Answer, Server, Texts, at_share

HISTORY_TOKENS, SYSTEM_TOKENS, QUESTION_TOKENS = 1000, 40, 20
UNKNOWN = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"


@dataclass
class Times:
    """Seconds at one server."""

    known: list[float] = field(default_factory=list)  # to the first token of the second turn
    unknown: list[float] = field(default_factory=list)
    identical: list[float] = field(default_factory=list)  # to the last token
    failures: list[str] = field(default_factory=list)

    def good(self, answer: Answer) -> bool:
        if answer.failure:
            self.failures.append(answer.failure)
        return not answer.failure and bool(answer.arrivals)


async def second_turn(server: Server, times: Times, texts: Texts, unknown: str) -> None:
    """unknown: a character that no chat has begun with."""
    system, question = texts.draw(SYSTEM_TOKENS), texts.draw(QUESTION_TOKENS)
    opening = texts.draw(HISTORY_TOKENS - SYSTEM_TOKENS - ANSWER_TOKENS)
    first = await server.ask(system, opening)
    known = await server.ask(system, opening, first.text, question)
    cold = await server.ask(unknown + system, opening, first.text, question)
    if times.good(first) and times.good(known) and times.good(cold):
        times.known.append(known.arrivals[0])
        times.unknown.append(cold.arrivals[0])


def report(url: str, times: Times) -> None:
    print(url)
    if times.known:
        known, unknown = statistics.median(times.known), statistics.median(times.unknown)
        print(f"    second turn, first token {known:.3f} s; without a cached history {unknown:.3f} s:"
              f" {unknown / known:.1f} times sooner")  # fmt: skip
    if times.identical:
        median, late = at_share(times.identical, 0.5), at_share(times.identical, 0.95)
        print(f"    identical requests {median:.3f} s median, P95 / median {late / median:.2f}")
    print(f"    failures {len(times.failures)} {times.failures[:3] or ''}", flush=True)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--chats", type=int, default=9, choices=range(len(UNKNOWN) + 1), metavar="0 to 22")
    parser.add_argument("--identical", type=int, default=100)
    a = parser.parse_args()
    texts = Texts(a.tokenizer, seed=1)
    servers = {url: (Server(url, None), Times()) for url in a.urls}
    for unknown in UNKNOWN[: a.chats]:
        for server, times in servers.values():
            await second_turn(server, times, texts, unknown)
    request = (texts.draw(SYSTEM_TOKENS), texts.draw(QUESTION_TOKENS))
    for _ in range(a.identical):
        for server, times in servers.values():
            answer = await server.ask(*request)
            if times.good(answer):
                times.identical.append(answer.arrivals[-1])
    for url, (_, times) in servers.items():
        report(url, times)
    raise SystemExit(any(times.failures for _, times in servers.values()))


if __name__ == "__main__":
    asyncio.run(main())
