"""The KV cache as block ids: who holds a block, what it contains, and which one is dealt next.

The memory belongs to the runner; nothing here touches it. A block is in one of these states:

    untouched    never dealt; its memory may not even be mapped yet
    blank        dealt before, now free, content worthless
    held         in the block tables of one or more sequences
    cached       held by none, but its content is published and may be found again
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from hashlib import blake2b

HASH_BYTES = 16


def root_hash(fingerprint: bytes, adapter: int, cache_salt: str) -> bytes:
    """Where a chain of block hashes starts: all that keys and values depend on besides the tokens."""
    salt = cache_salt.encode("utf-8", "surrogatepass")
    parts = (fingerprint, adapter.to_bytes(8, "little"), salt)
    framed = b"".join(len(part).to_bytes(8, "little") + part for part in parts)
    return blake2b(framed, digest_size=HASH_BYTES).digest()


def block_hash(parent: bytes, token_ids: Sequence[int]) -> bytes:
    """The content hash of a full block whose predecessor has hash `parent`."""
    return blake2b(parent + array("i", token_ids).tobytes(), digest_size=HASH_BYTES).digest()


class KVCache:
    """Deals blocks 0 to num_blocks - 1 and finds published ones by content. Not for use from two threads at once.

    Until `soft_blocks` (at first a sixteenth) have been touched, untouched memory is dealt before cached content is
    given up; from there on the least recently used content goes first and untouched memory is the last resort. Each
    block of content that was given up and is then wanted again raises `soft_blocks` by one. So memory really used stays
    small while nobody comes back for what was given up, and whoever would gain by more gets more.
    """

    def __init__(self, num_blocks: int, soft_blocks: int | None = None) -> None:
        if num_blocks < 1:
            raise ValueError(f"num_blocks is {num_blocks}; a KV cache has at least one block")
        self.num_blocks = num_blocks
        self.soft_blocks = max(1, num_blocks // 16) if soft_blocks is None else soft_blocks
        self._touched = 0
        self._blank: list[int] = []
        self._references = [0] * num_blocks
        self._content: list[bytes | None] = [None] * num_blocks
        self._by_content: dict[bytes, int] = {}
        self._cached: dict[int, None] = {}  # in order of use, least recent first
        self._given_up: dict[bytes, None] = {}  # content, oldest first; as many at most as there are blocks

    @property
    def available(self) -> int:
        """Blocks that `allocate` could deal now, one after the other."""
        return self.num_blocks - self._touched + len(self._blank) + len(self._cached)

    @property
    def touched(self) -> int:
        """Blocks dealt at least once: the memory really used."""
        return self._touched

    @property
    def cached(self) -> int:
        """Blocks that nobody holds and whose content may be found again."""
        return len(self._cached)

    def references(self, block: int) -> int:
        """How many sequences hold this block."""
        return self._references[block]

    def match(self, hashes: Sequence[bytes]) -> list[int]:
        """The blocks of the longest published prefix. They are not held: `hold` them before anything is allocated."""
        blocks = []
        for content in hashes:
            block = self._by_content.get(content)
            if block is None:
                break
            blocks.append(block)
        self._grow_for(hashes[len(blocks) :])
        return blocks

    def hold(self, block: int) -> None:
        """Take one more reference on a block that is held or cached."""
        self._cached.pop(block, None)
        self._references[block] += 1

    def allocate(self) -> int | None:
        """A block with one reference and no published content, or None when every block is held."""
        block = self._next_free()
        if block is not None:
            self._references[block] = 1
        return block

    def publish(self, block: int, content: bytes) -> None:
        """Let others find a held, full block by its content. The first block of equal content stays the one found."""
        if self._content[block] is None and content not in self._by_content:
            self._content[block] = content
            self._by_content[content] = block

    def release(self, blocks: Sequence[int], *, keep: bool = True) -> None:
        """Give back one reference on each block of a block table.

        keep: published content that nobody holds any more stays findable; otherwise it is forgotten at once.
        """
        # Children before parents, so that a chain is given up from its end: its beginning stays useful alone.
        for block in reversed(blocks):
            self._references[block] -= 1
            if self._references[block] == 0:
                self._free(block, keep)

    def _grow_for(self, missed: Sequence[bytes]) -> None:
        for content in missed:
            if content not in self._given_up:
                break
            del self._given_up[content]  # counted once
            self.soft_blocks = min(self.soft_blocks + 1, self.num_blocks)

    def _free(self, block: int, keep: bool) -> None:
        if keep and self._content[block] is not None:
            self._cached[block] = None
        else:
            self._forget(block)
            self._blank.append(block)

    def _next_free(self) -> int | None:
        if self._blank:
            return self._blank.pop()
        untouched = self._touched < self.num_blocks
        if untouched and (self._touched < self.soft_blocks or not self._cached):
            self._touched += 1
            return self._touched - 1
        if self._cached:
            block = next(iter(self._cached))
            del self._cached[block]
            self._give_up(block)
            return block
        return None

    def _give_up(self, block: int) -> None:
        content = self._content[block]
        if content is not None:
            self._given_up[content] = None
            if len(self._given_up) > self.num_blocks:
                del self._given_up[next(iter(self._given_up))]
        self._forget(block)

    def _forget(self, block: int) -> None:
        content = self._content[block]
        if content is not None:
            del self._by_content[content]
            self._content[block] = None
