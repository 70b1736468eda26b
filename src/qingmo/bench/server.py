"""Any OpenAI-compatible server as a Subject. Over HTTP only what a client sees can be measured."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from qingmo.bench.plan import Point
from qingmo.bench.subject import Answer, Facts, Speed
from qingmo.bench.workload import Messages, random_text, random_texts
from qingmo.errors import BenchError

TIMEOUT = 600.0  # seconds without a byte; a long queue on a slow machine
CALIBRATION = 400  # characters, by which tokens a character are counted


@dataclass(slots=True)
class Stream:
    """What came back; times are time.perf_counter's."""

    begin: float
    arrivals: list[float] = field(default_factory=list)  # of every piece of text
    prompt_tokens: int = 0
    tokens: int = 0

    def note(self, event: dict[str, Any]) -> None:
        now = time.perf_counter()
        if usage := event.get("usage"):
            self.prompt_tokens, self.tokens = usage["prompt_tokens"], usage["completion_tokens"]
        if any(choice["delta"].get("content") for choice in event.get("choices", ())):
            self.arrivals.append(now)

    def tokens_between(self, begin: float, end: float) -> float:
        """A piece of text may be more than one token, or less: the usage says how many in all."""
        inside = sum(begin < arrival <= end for arrival in self.arrivals)
        return inside * self.tokens / len(self.arrivals)


class Server:
    """A Subject. url: the server's own, or that of its API, which ends with /v1.

    Raises BenchError where nothing answers there as OpenAI's API does.
    """

    def __init__(self, url: str, api_key: str | None = None, process: int | None = None) -> None:
        """process: see Subject."""
        self._url = url
        self._base = urlsplit(url if "://" in url else f"http://{url}")
        self._path = self._base.path.rstrip("/").removesuffix("/v1") + "/v1"
        self._headers = {"Content-Type": "application/json"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self.process = process
        self._model = self._first_model()
        self.facts = Facts(f"{_short_name(self._model)} at {self._base.netloc}", {"server": url})
        self._overhead, self._tokens_per_character = self._count_tokens()

    def ask(self, messages: Messages, max_tokens: int) -> Answer:
        """See Subject."""
        stream = self._complete(messages, max_tokens)
        return Answer(stream.arrivals[0] - stream.begin, stream.arrivals[-1] - stream.begin, stream.tokens)

    def fits(self, point: Point, new_tokens: int) -> bool:
        """See Subject. A server refuses what it cannot do."""
        return True

    def work(self, point: Point, new_tokens: int, seed: int) -> Speed:
        """See Subject. Prompts are about as long as wanted; speeds are of the tokens the server counted."""
        characters = max(1, round((point.prompt_tokens - self._overhead) / self._tokens_per_character))
        prompts = random_texts(point.batch, characters, seed)
        with ThreadPoolExecutor(point.batch) as threads:
            firsts = list(threads.map(lambda prompt: self._complete(_user(prompt), 1), prompts))
            # Those that begin early go on until the last has new_tokens.
            streams = list(threads.map(lambda prompt: self._complete(_user(prompt), 3 * new_tokens, True), prompts))
        seconds = max(each.arrivals[-1] for each in firsts) - min(each.begin for each in firsts)
        return Speed(sum(each.prompt_tokens for each in firsts) / seconds, _shared_rate(streams))

    def close(self) -> None:
        """See Subject. Each request had a connection of its own."""

    def _first_model(self) -> str:
        with closing(self._connect()) as connection:
            answer = self._request(connection, "GET", "/models")
            try:
                return str(json.loads(answer.read())["data"][0]["id"])
            except (ValueError, LookupError, TypeError) as error:
                raise self._unlike(f"/models names no model ({error!r})") from None

    def _count_tokens(self) -> tuple[int, float]:
        """Tokens of the template around a text, and of a character of it."""
        short, long = (self._complete(_user(random_text(n, n)), 1).prompt_tokens for n in (1, 1 + CALIBRATION))
        return short, (long - short) / CALIBRATION

    def _complete(self, messages: Messages, max_tokens: int, ignore_eos: bool = False) -> Stream:
        body = {
            "model": self._model,
            "messages": messages,
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
            **({"ignore_eos": True} if ignore_eos else {}),
        }
        stream = Stream(time.perf_counter())
        with closing(self._connect()) as connection:
            for event in self._events(self._request(connection, "POST", "/chat/completions", json.dumps(body))):
                stream.note(event)
        if not stream.tokens or not stream.prompt_tokens:
            raise self._unlike("it does not say how many tokens there were (stream_options.include_usage)")
        stream.arrivals = stream.arrivals or [time.perf_counter()]  # a token that is no text, such as half a character
        return stream

    def _connect(self) -> HTTPConnection:
        kind = HTTPSConnection if self._base.scheme == "https" else HTTPConnection
        return kind(self._base.hostname or "", self._base.port, timeout=TIMEOUT)

    def _request(self, connection: HTTPConnection, method: str, path: str, body: str | None = None) -> HTTPResponse:
        try:
            connection.request(method, self._path + path, body, self._headers)
            response = connection.getresponse()
        except (OSError, HTTPException) as error:
            raise BenchError(f"{self._url} does not answer ({error}). Is the server running?") from error
        if response.status != 200:
            told = response.read(500).decode(errors="replace")
            raise BenchError(f"{self._url} answers {response.status} to {path}: {told}")
        return response

    def _events(self, response: HTTPResponse) -> Iterator[dict[str, Any]]:
        try:
            for line in response:
                if line.startswith(b"data:") and line.strip() != b"data: [DONE]":
                    event = json.loads(line.removeprefix(b"data:"))
                    if "error" in event:
                        raise BenchError(f"{self._url} broke an answer off: {event['error']}")
                    yield event
        except (OSError, HTTPException, ValueError) as error:
            raise BenchError(f"{self._url} broke an answer off ({error!r}).") from error

    def _unlike(self, what: str) -> BenchError:
        return BenchError(f"{self._url} does not answer as OpenAI's API does: {what}.")


def _short_name(model: str) -> str:
    """llama-server calls a model by the path of its file."""
    return PurePath(model).name if model.endswith(".gguf") else model


def _user(text: str) -> Messages:
    return [{"role": "user", "content": text}]


def _shared_rate(streams: list[Stream]) -> float | None:
    """Tokens a second while all streams are at work; None where the first ended before the last began."""
    begin = max(stream.arrivals[0] for stream in streams)
    end = min(stream.arrivals[-1] for stream in streams)
    return sum(stream.tokens_between(begin, end) for stream in streams) / (end - begin) if end > begin else None
