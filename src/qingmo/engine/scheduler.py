"""Which tokens are computed in the next step: pure policy over plain data, no model, no clock.

Each step: every decoding sequence's one token (and those that a grammar forced upon it), then prompts, as many rows as
fit the step's time. Prompts are served
first come first served within a client and round-robin between clients, and at most two are in flight, from different
clients, sharing those rows; what finishes within the step makes room for the next.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence as List
from dataclasses import dataclass
from itertools import zip_longest

from qingmo.config import BLOCK_SIZE
from qingmo.engine.kv_cache import KVCache, block_hash
from qingmo.engine.sequence import Sequence, State, blocks_for
from qingmo.engine.step_budget import StepBudget

MAX_PROMPTS_IN_FLIGHT = 2


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tokens begin to end of a sequence, to be computed in this step; its blocks reach that far."""

    sequence: Sequence
    begin: int
    end: int

    @property
    def is_last(self) -> bool:
        """Whether a token can be sampled after it."""
        return self.end == len(self.sequence.tokens)


class Scheduler:
    """Owns every unfinished sequence's place, blocks and progress. Not for use from two threads at once.

    max_batched_tokens bounds a step's rows; decoding may pass it, and then a block's worth of prompt still goes on.
    keep_blocks: whether a finished sequence's blocks stay in the prefix cache. budget: bounds a step's time.
    """

    def __init__(
        self,
        cache: KVCache,
        *,
        max_num_seqs: int = 64,
        max_batched_tokens: int = 512,
        keep_blocks: bool = True,
        budget: StepBudget | None = None,
    ) -> None:
        self._cache = cache
        self._max_num_seqs = max_num_seqs
        self._max_batched_tokens = max_batched_tokens
        self._keep_blocks = keep_blocks
        self._running: list[Sequence] = []  # oldest first
        self._waiting: OrderedDict[str, deque[Sequence]] = OrderedDict()  # by client, the next one's turn first
        self._budget = budget or StepBudget()
        self.preemptions = 0  # since the start

    @property
    def has_work(self) -> bool:
        return bool(self._running or self._waiting)

    @property
    def num_running(self) -> int:
        return len(self._running)

    @property
    def num_waiting(self) -> int:
        return sum(map(len, self._waiting.values()))

    def queue(self) -> list[Sequence]:
        """Those that wait, in the order of their turns."""
        rounds = zip_longest(*self._waiting.values())
        return [sequence for turns in rounds for sequence in turns if sequence is not None]

    def add(self, sequence: Sequence) -> None:
        """Queue a new sequence. All its tokens and its whole answer must fit in the cache, or it never finishes."""
        self._waiting.setdefault(sequence.client, deque()).append(sequence)

    def finish(self, sequence: Sequence) -> None:
        """Let go of a sequence, finished or aborted, in whatever state it is."""
        if sequence.state is State.WAITING:
            self._leave_queue(sequence)
        elif sequence.state is State.RUNNING:
            self._running.remove(sequence)
        self._drop_blocks(sequence, keep=self._keep_blocks)
        sequence.state = State.FINISHED

    def schedule(self) -> list[Chunk]:
        """The next step's work; empty only when there is none. Changes no sequence's progress, see `complete`."""
        while True:
            chunks = self._decode_chunks()
            forced = sum(chunk.end - chunk.begin - 1 for chunk in chunks)
            chunks += self._prompt_chunks(self._prompt_rows(len(chunks)) - forced)
            if chunks or not self.preempt_newest():
                return chunks

    def complete(self, chunks: List[Chunk], seconds: float | None = None) -> None:
        """Note that chunks were computed, and publish the blocks they filled.

        seconds: how long the step took; later steps are made to fit their time by it. Answers do not depend on it.
        """
        if seconds is not None:
            self._budget.observe(sum(chunk.end - chunk.begin for chunk in chunks), seconds)
        for chunk in chunks:
            sequence = chunk.sequence
            sequence.computed = chunk.end
            for index in range(sequence.published, sequence.computed // BLOCK_SIZE):
                self._cache.publish(sequence.blocks[index], sequence.hashes[index])
            sequence.published = sequence.computed // BLOCK_SIZE

    def preempt_newest(self) -> bool:
        """Send the newest running sequence back to wait; its full blocks stay cached. False where none runs."""
        if not self._running:
            return False
        self.preemptions += 1
        sequence = self._running.pop()
        self._drop_blocks(sequence, keep=True)
        sequence.state = State.WAITING
        self._waiting.setdefault(sequence.client, deque()).appendleft(sequence)
        return True

    # Decoding

    def _decode_chunks(self) -> list[Chunk]:
        """A row of each sequence that decodes, and of the rows there are beside them those of forced tokens."""
        chunks = []
        decoding = [sequence for sequence in self._running if sequence.is_decoding]
        spare = self._prompt_rows(len(decoding))
        for sequence in decoding:
            if sequence.is_decoding and self._make_room(sequence):
                forced = min(sequence.remaining - 1, spare)
                spare -= forced
                chunks.append(Chunk(sequence, sequence.computed, sequence.computed + 1 + forced))
        return chunks

    def _make_room(self, sequence: Sequence) -> bool:
        """Blocks for all its tokens, preempting the newest while there are none. False: it was itself the newest."""
        while self._extend(sequence, len(sequence.tokens)) < len(sequence.tokens):
            self.preempt_newest()
            if sequence.state is State.WAITING:
                return False
        return True

    # Prompts

    def _prompt_rows(self, decoding: int) -> int:
        limit = max(self._max_batched_tokens - decoding, BLOCK_SIZE)
        return max(self._budget.prompt_rows(decoding, limit), BLOCK_SIZE)

    def _prompt_chunks(self, rows: int) -> list[Chunk]:
        chunks: list[Chunk] = []
        done: set[Sequence] = {s for s in self._running if s.is_decoding}
        while rows > 0:
            in_flight = [s for s in self._running if s not in done]
            in_flight += self._start_up_to(MAX_PROMPTS_IN_FLIGHT - len(in_flight), {s.client for s in in_flight})
            progress = self._share(rows, in_flight)
            rows -= sum(chunk.end - chunk.begin for chunk in progress)
            chunks += progress
            done.update(chunk.sequence for chunk in progress)
            if not progress or not all(chunk.is_last for chunk in progress):
                break
        return chunks

    def _share(self, rows: int, sequences: list[Sequence]) -> list[Chunk]:
        """Equal shares of the rows; what a short prompt or a lack of blocks leaves over goes to the others."""
        chunks = []
        for index, sequence in enumerate(sorted(sequences, key=lambda s: s.remaining)):
            share = -(-rows // (len(sequences) - index))
            begin = sequence.computed
            end = self._extend(sequence, begin + min(sequence.remaining, share))
            if end > begin:
                rows -= end - begin
                chunks.append(Chunk(sequence, begin, end))
        return chunks

    def _start_up_to(self, count: int, busy_clients: set[str]) -> list[Sequence]:
        started: list[Sequence] = []
        while len(started) < count and len(self._running) < self._max_num_seqs:
            sequence = self._next_to_start(busy_clients)
            if sequence is None:
                break
            self._start(sequence)
            busy_clients = busy_clients | {sequence.client}
            started.append(sequence)
        return started

    def _next_to_start(self, busy_clients: set[str]) -> Sequence | None:
        """The first client's oldest that may start now. None too where that one lacks memory: no one passes it."""
        for client, queue in self._waiting.items():
            if client in busy_clients:
                continue
            matched = self._match(queue[0])
            if not self._is_being_computed(queue[0], len(matched)):
                return queue[0] if self._has_memory_for(queue[0], matched) else None
        return None

    def _start(self, sequence: Sequence) -> None:
        self._leave_queue(sequence)
        if sequence.client in self._waiting:
            self._waiting.move_to_end(sequence.client)
        sequence.blocks = self._match(sequence)
        for block in sequence.blocks:
            self._cache.hold(block)
        sequence.published = len(sequence.blocks)
        sequence.computed = len(sequence.blocks) * BLOCK_SIZE
        sequence.started_with = len(sequence.tokens)
        if sequence.cached_prompt_tokens is None:
            sequence.cached_prompt_tokens = sequence.computed
        sequence.state = State.RUNNING
        self._running.append(sequence)
        self._running.sort(key=lambda s: s.order)

    def _match(self, sequence: Sequence) -> list[int]:
        """Published blocks of its tokens. Its last token is always computed: the next needs its logits."""
        _hash_full_blocks(sequence)
        return self._cache.match(sequence.hashes[: (len(sequence.tokens) - 1) // BLOCK_SIZE])

    def _is_being_computed(self, sequence: Sequence, matched: int) -> bool:
        """Whether a running sequence is about to publish the block that this one needs after its matched ones."""
        if matched >= (len(sequence.tokens) - 1) // BLOCK_SIZE:
            return False
        return any(sequence.hashes[matched] in other.hashes[other.published :] for other in self._running)

    def _has_memory_for(self, sequence: Sequence, matched: list[int]) -> bool:
        """Room for all its tokens beside what prompts in flight still need and one block for each that decodes."""
        if not self._running:
            return True
        need = blocks_for(len(sequence.tokens)) - len(matched)
        promised = sum(blocks_for(len(s.tokens)) - len(s.blocks) + 1 for s in self._running)
        revived = sum(self._cache.references(block) == 0 for block in matched)
        return self._cache.available - revived >= need + promised

    # Blocks

    def _extend(self, sequence: Sequence, tokens: int) -> int:
        """Add blocks for the first `tokens` tokens, as far as there are any. Returns how many tokens have room."""
        _hash_full_blocks(sequence)
        while len(sequence.blocks) < blocks_for(tokens):
            block = self._cache.allocate()
            if block is None:
                break
            sequence.blocks.append(block)
        return min(tokens, len(sequence.blocks) * BLOCK_SIZE)

    def _drop_blocks(self, sequence: Sequence, *, keep: bool) -> None:
        self._cache.release(sequence.blocks, keep=keep)
        sequence.blocks = []
        sequence.computed = sequence.published = 0

    def _leave_queue(self, sequence: Sequence) -> None:
        queue = self._waiting[sequence.client]
        queue.remove(sequence)
        if not queue:
            del self._waiting[sequence.client]


def _hash_full_blocks(sequence: Sequence) -> None:
    """Bring its content hashes up to its full blocks of tokens."""
    while (len(sequence.hashes) + 1) * BLOCK_SIZE <= len(sequence.tokens):
        begin = len(sequence.hashes) * BLOCK_SIZE
        parent = sequence.hashes[-1] if begin else sequence.root
        sequence.hashes.append(block_hash(parent, sequence.tokens[begin : begin + BLOCK_SIZE]))
