"""The books over every request from submission to its end, kept on the event loop from what steps report.

No clock of its own: each entry comes with its time, in seconds on one steady clock.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from dataclasses import dataclass

from qingmo.engine.outputs import NO_TOKEN, Load, TokenOutput
from qingmo.engine.status import Counters, EngineStatus, Histogram, RequestState, RequestStatus

LONG_BOUNDS = (0.01, 0.03, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 180.0)
SHORT_BOUNDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 1.0, 2.5)
REMEMBERED_STARTS = 32
"""Enough to even out long and short requests; at 50 people at once, the last half minute."""


@dataclass(slots=True)
class Entry:
    """An unfinished request."""

    client: str
    prompt_tokens: int
    submitted: float
    queue_position: int | None  # requests that stand before it; None from its first step on
    computed: int = 0  # of the prompt's tokens
    output_tokens: int = 0
    last_output: float | None = None  # when it got its last tokens

    @property
    def state(self) -> RequestState:
        if self.queue_position is not None:
            return "waiting"
        return "prefill" if self.computed < self.prompt_tokens else "decode"


class Observations:
    """A histogram that grows."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def histogram(self) -> Histogram:
        return Histogram(self._bounds, tuple(self._counts), self._sum)


class Ledger:
    """Counts, times, and where each request stands. `load` is how the engine stood before its first step."""

    def __init__(self, load: Load) -> None:
        self._entries: dict[int, Entry] = {}  # by request id, oldest first
        self._load = load
        self._counts: Counter[str] = Counter()
        self._waiting = 0
        self._starts: deque[float] = deque(maxlen=REMEMBERED_STARTS)
        self._first_token = Observations(LONG_BOUNDS)
        self._queue_time = Observations(LONG_BOUNDS)
        self._inter_token = Observations(SHORT_BOUNDS)

    @property
    def waiting(self) -> int:
        """Requests of which nothing was computed yet."""
        return self._waiting

    def submitted(self, request_id: int, client: str, prompt_tokens: int, now: float) -> Entry:
        """A request was queued behind all that wait."""
        entry = self._entries[request_id] = Entry(client, prompt_tokens, now, queue_position=self._waiting)
        self._waiting += 1
        self._counts["requests"] += 1
        return entry

    def stepped(self, load: Load, outputs: dict[int, list[TokenOutput]], began: float, ended: float) -> None:
        """A step was computed. outputs: of each request that got any, by its id."""
        self._load = load
        self._counts["steps"] += 1
        self._note_queue(load.queue)
        for request_id, computed in load.prompt_progress:
            self._note_progress(request_id, computed, began)
        for request_id, tokens in outputs.items():
            self._note_tokens(request_id, tokens, ended)

    def ended(self, request_id: int, *, aborted: bool) -> None:
        """A request is done with, and known no more."""
        entry = self._entries.pop(request_id)
        self._waiting -= entry.queue_position is not None
        self._counts["aborted"] += aborted

    def seconds_between_starts(self, now: float) -> float | None:
        """How long it takes of late until another request leaves the queue; None where too few have left it."""
        if len(self._starts) < 2:
            return None
        usual = (self._starts[-1] - self._starts[0]) / (len(self._starts) - 1)
        return max(usual, now - self._starts[-1])

    def status(self, now: float) -> EngineStatus:
        return EngineStatus(
            running=len(self._entries) - self._waiting,
            waiting=self._waiting,
            kv_blocks_used=self._load.kv_blocks_used,
            kv_blocks_cached=self._load.kv_blocks_cached,
            kv_blocks_total=self._load.kv_blocks_total,
            counters=Counters(**self._counts, preemptions=self._load.preemptions),
            time_to_first_token=self._first_token.histogram(),
            inter_token_latency=self._inter_token.histogram(),
            queue_time=self._queue_time.histogram(),
            requests=tuple(_request_status(id, entry, now) for id, entry in self._entries.items()),
        )

    def _note_queue(self, queue: tuple[int, ...]) -> None:
        for position, request_id in enumerate(queue):
            if request_id in self._entries:
                self._entries[request_id].queue_position = position

    def _note_progress(self, request_id: int, computed: int, now: float) -> None:
        entry = self._entries.get(request_id)
        if entry is None:
            return
        if entry.queue_position is not None:
            entry.queue_position = None
            self._waiting -= 1
            self._starts.append(now)
            self._queue_time.add(now - entry.submitted)
        entry.computed = min(computed, entry.prompt_tokens)

    def _note_tokens(self, request_id: int, outputs: list[TokenOutput], now: float) -> None:
        entry = self._entries.get(request_id)
        tokens = sum(output.token_id != NO_TOKEN for output in outputs)
        if entry is None or not tokens:
            return
        if entry.last_output is None:
            self._first_token.add(now - entry.submitted)
            self._counts["prompt_tokens"] += entry.prompt_tokens
            self._counts["cached_prompt_tokens"] += outputs[0].cached_prompt_tokens
        else:
            self._inter_token.add(now - entry.last_output)
        entry.last_output = now
        entry.output_tokens += tokens
        self._counts["generated_tokens"] += tokens


def _request_status(request_id: int, entry: Entry, now: float) -> RequestStatus:
    return RequestStatus(
        request_id,
        entry.client,
        entry.state,
        entry.prompt_tokens,
        entry.computed,
        entry.output_tokens,
        now - entry.submitted,
    )
