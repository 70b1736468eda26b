"""Fifty people at once at any OpenAI-compatible server: throughput, time to first token, inter-token latency.

    python benchmarks/trace.py URL --tokenizer CHECKPOINT [--users 50] [--rounds 2] [--check] [--api-key KEY]

URL is the server's, such as http://127.0.0.1:8080. Each user asks twice, the second time when the first answer is
whole. A request is a system prompt of 300 tokens, the same for all, and 60 tokens of its own: Chinese characters drawn
from a seed, counted with the tokenizer.json in CHECKPOINT. 64 tokens of answer, temperature 0, ignore_eos.

--check then asks each request again, alone, and compares the answers byte for byte; it exits 1 where one differs or
failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tokenizers import Tokenizer

SYSTEM_TOKENS, OWN_TOKENS, ANSWER_TOKENS = 300, 60, 64
COMMON_CHARACTERS = range(0x4E00, 0x9FA6)


@dataclass
class Answer:
    """What came back, and when, in seconds from the request. Reading it does no more than note."""

    text: str = ""
    tokens: int = 0
    arrivals: list[float] = field(default_factory=list)  # of every piece of text
    failure: str | None = None


class Texts:
    """Draws texts of an exact number of tokens."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.chooser = random.Random(seed)
        self.characters = [c for c in map(chr, COMMON_CHARACTERS) if self.count(c) == 1]

    def count(self, text: str) -> int:
        return len(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def draw(self, tokens: int) -> str:
        text = ""
        while (count := self.count(text)) != tokens:
            # Two characters may be one token, so a text can grow by less than its characters and even become shorter.
            missing = max(1, tokens - count)
            text = text[:-1] if count > tokens else text + "".join(self.chooser.choices(self.characters, k=missing))
        return text


class Server:
    def __init__(self, url: str, api_key: str | None) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.path = parts.path.rstrip("/").removesuffix("/v1") + "/v1/chat/completions"
        self.authorization = f"Authorization: Bearer {api_key}\r\n" if api_key else ""

    async def ask(self, *messages: str) -> Answer:
        """messages: the system's, then the user's and the assistant's in turn."""
        answer, begin = Answer(), time.perf_counter()
        try:
            async for event in self._events(_body(messages)):
                _note(answer, event, time.perf_counter() - begin)
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            answer.failure = f"{type(error).__name__}: {error}"
        if answer.failure is None and answer.tokens != ANSWER_TOKENS:
            answer.failure = f"{answer.tokens} tokens instead of {ANSWER_TOKENS}"
        return answer

    async def _events(self, body: bytes) -> AsyncIterator[bytes]:
        """The data of each server-sent event. Written out here because a client library costs more than the server."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(self._head(len(body)) + body)
            status = await reader.readline()
            headers = [line.lower() async for line in _lines_until_empty(reader)]
            if b" 200 " not in status:
                raise ValueError(f"{status.decode().strip()}: {(await reader.read(500)).decode(errors='replace')}")
            unfinished = b""
            async for piece in _body_pieces(reader, chunked=b"transfer-encoding: chunked" in headers):
                *lines, unfinished = (unfinished + piece).split(b"\n")
                for line in lines:
                    if line.startswith(b"data:") and line.strip() != b"data: [DONE]":
                        yield line.removeprefix(b"data:")
        finally:
            writer.close()

    def _head(self, length: int) -> bytes:
        return (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nConnection: close\r\n{self.authorization}"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        ).encode()


async def _lines_until_empty(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while line := (await reader.readline()).strip():
        yield line


async def _body_pieces(reader: asyncio.StreamReader, chunked: bool) -> AsyncIterator[bytes]:
    if not chunked:
        while piece := await reader.read(65536):
            yield piece
        return
    while size := int(await reader.readline(), 16):
        yield await reader.readexactly(size)
        await reader.readline()


def _body(messages: Sequence[str]) -> bytes:
    roles = ("system", *("user", "assistant") * len(messages))
    request = {
        "model": "any",
        "messages": [{"role": role, "content": text} for role, text in zip(roles, messages, strict=False)],
        "max_tokens": ANSWER_TOKENS,
        "temperature": 0,
        "ignore_eos": True,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    return json.dumps(request).encode()


def _note(answer: Answer, event: bytes, at: float) -> None:
    content = json.loads(event)
    if "error" in content:
        answer.failure = str(content["error"])
    if content.get("usage"):
        answer.tokens = content["usage"]["completion_tokens"]
    for choice in content.get("choices", ()):
        if text := choice["delta"].get("content"):
            answer.text += text
            answer.arrivals.append(at)


async def trace(server: Server, system: str, own: list[list[str]]) -> tuple[list[Answer], float]:
    """The answers, user by user, and the seconds it all took."""

    async def user(texts: list[str]) -> list[Answer]:
        return [await server.ask(system, text) for text in texts]

    begin = time.perf_counter()
    answers = await asyncio.gather(*map(user, own))
    return [answer for row in answers for answer in row], time.perf_counter() - begin


def report(answers: list[Answer], seconds: float) -> None:
    good = [answer for answer in answers if answer.failure is None]
    first = [answer.arrivals[0] for answer in good if answer.arrivals]
    gaps = [b - a for answer in good for a, b in zip(answer.arrivals, answer.arrivals[1:], strict=False)]
    print(f"throughput               {sum(answer.tokens for answer in good) / seconds:8.1f} generated tokens/s")
    print(f"time to first token      {at_share(first, 0.5):8.3f} s median, {at_share(first, 0.95):.3f} s P95")
    print(f"inter-token latency      {at_share(gaps, 0.5):8.3f} s median, {at_share(gaps, 0.95):.3f} s P95,"
          f" {max(gaps, default=float('nan')):.3f} s longest")  # fmt: skip
    print(f"failures                 {len(answers) - len(good):8} of {len(answers)}", flush=True)
    for failure in sorted({answer.failure for answer in answers if answer.failure})[:5]:
        print(f"    {failure}")


def at_share(values: list[float], share: float) -> float:
    """The value that this share of values does not exceed; interpolated."""
    if len(values) < 2:
        return values[0] if values else float("nan")
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


async def differences(server: Server, system: str, own: list[list[str]], answers: list[Answer]) -> int:
    """How many answers are not what the same request gets alone."""
    texts = [text for row in own for text in row]
    alone = [await server.ask(system, text) for text in texts]
    return sum(a.failure is not None or a.text != b.text for a, b in zip(alone, answers, strict=True))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--api-key")
    a = parser.parse_args()
    texts, server = Texts(a.tokenizer, a.seed), Server(a.url, a.api_key)
    system = texts.draw(SYSTEM_TOKENS)
    own = [[texts.draw(OWN_TOKENS) for _ in range(a.rounds)] for _ in range(a.users)]
    answers, seconds = await trace(server, system, own)
    report(answers, seconds)
    failed = any(answer.failure for answer in answers)
    if a.check:
        different = await differences(server, system, own, answers)
        print(f"answers unlike alone     {different:8} of {len(answers)}")
        failed = failed or different > 0
    raise SystemExit(failed and a.check)


if __name__ == "__main__":
    asyncio.run(main())
