"""What an engine knows about a request and each of its answers: plain data, no behaviour beyond counting."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal

from qingmo.config import BLOCK_SIZE
from qingmo.sampling_params import SamplingParams

if TYPE_CHECKING:
    from qingmo.engine.constraint import Constraint
    from qingmo.engine.detokenizer import Detokenizer
    from qingmo.engine.runner import Sampler

FinishReason = Literal["stop", "length", "abort"]


class State(Enum):
    WAITING = "waiting"  # in a queue; holds no blocks
    RUNNING = "running"  # its prompt is being computed, or it is decoding
    FINISHED = "finished"


@dataclass(slots=True, eq=False)
class Sequence:
    """One answer to one prompt: its tokens so far and the KV blocks that hold them."""

    order: int  # when it was submitted; lower is older
    client: str  # whose turn it is, between clients
    root: bytes  # parent of its first block's content hash: what else than tokens its keys and values depend on
    tokens: list[int]  # prompt, then output
    prompt_length: int
    state: State = State.WAITING
    blocks: list[int] = field(default_factory=list)  # block table; entry j holds positions 16j to 16j + 15
    hashes: list[bytes] = field(default_factory=list)  # content hashes of its full blocks of tokens
    computed: int = 0  # tokens whose keys and values are in its blocks
    started_with: int = 0  # tokens it had when it last left the queue; it decodes once they are computed
    published: int = 0  # of its blocks, how many others may find in the prefix cache
    cached_prompt_tokens: int | None = None  # found in the prefix cache at its first start; None before that

    @property
    def remaining(self) -> int:
        """Tokens to compute before the next one can be sampled."""
        return len(self.tokens) - self.computed

    @property
    def is_decoding(self) -> bool:
        """Whether it runs and got a token since it started; more than one where tokens were forced upon it."""
        return self.state is State.RUNNING and self.computed >= self.started_with

    @property
    def output_length(self) -> int:
        return len(self.tokens) - self.prompt_length

    @property
    def output(self) -> list[int]:
        return self.tokens[self.prompt_length :]


@dataclass(slots=True, eq=False)
class Answer:
    """A sequence and everything that turns its logits into text."""

    request: Request
    choice: int
    sequence: Sequence
    sampler: Sampler
    detokenizer: Detokenizer
    constraint: Constraint | None
    max_length: int  # of prompt and output, in tokens; reaching it ends the answer with "length"
    forced: deque[int] = field(default_factory=deque)  # the tokens that its constraint leaves no choice about, in order
    pieces: list[str] = field(default_factory=list)  # its text, as given out so far
    finish_reason: FinishReason | None = None


@dataclass(slots=True, eq=False)
class Request:
    """One prompt and the n answers it asked for."""

    id: int
    params: SamplingParams  # resolved
    answers: list[Answer] = field(default_factory=list)


def blocks_for(tokens: int) -> int:
    """Blocks that hold this many tokens."""
    return -(-tokens // BLOCK_SIZE)
