"""Blocks are dealt once, found by content, and never lost."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from qingmo.engine.kv_cache import KVCache, block_hash, root_hash

NUM_BLOCKS = 8


def content(name: int) -> bytes:
    return block_hash(b"root", [name] * 16)


def published(cache: KVCache, name: int) -> int:
    """A cached block: dealt, published, given back."""
    block = cache.allocate()
    cache.publish(block, content(name))
    cache.release([block])
    return block


def test_hashes_depend_on_everything_before_and_on_the_root() -> None:
    roots = [root_hash(b"weights", 0, ""), root_hash(b"weights", 1, ""), root_hash(b"weights", 0, "salt")]
    tokens = list(range(16))
    hashes = {block_hash(root, tokens) for root in roots} | {block_hash(roots[0], tokens[::-1])}
    assert len(hashes) == 4
    assert block_hash(roots[0], tokens) == block_hash(root_hash(b"weights", 0, ""), tokens)


def test_roots_cannot_be_confused_by_moving_bytes_between_parts() -> None:
    assert root_hash(b"ab", 0, "c") != root_hash(b"a", 0, "bc")


def test_match_stops_at_the_first_block_that_is_missing() -> None:
    cache = KVCache(NUM_BLOCKS, soft_blocks=2)
    first, second = published(cache, 1), published(cache, 2)
    assert cache.match([content(1), content(2)]) == [first, second]
    assert cache.match([content(1), content(3), content(2)]) == [first]


def test_every_block_is_dealt_before_none() -> None:
    cache = KVCache(3)
    published(cache, 1)
    assert sorted(cache.allocate() for _ in range(3)) == [0, 1, 2]
    assert cache.allocate() is None


def test_freed_blocks_without_content_come_first() -> None:
    cache = KVCache(NUM_BLOCKS)
    block = cache.allocate()
    cache.release([block])
    assert cache.allocate() == block
    assert cache.touched == 1


def test_untouched_memory_is_dealt_before_cached_content_up_to_the_soft_bound() -> None:
    cache = KVCache(NUM_BLOCKS, soft_blocks=3)
    first = published(cache, 1)
    second = published(cache, 2)
    third = cache.allocate()
    assert len({first, second, third}) == 3


def test_past_the_soft_bound_the_least_recently_used_goes_before_untouched_memory() -> None:
    cache = KVCache(NUM_BLOCKS, soft_blocks=3)
    blocks = [published(cache, name) for name in (1, 2, 3)]
    cache.hold(blocks[0])
    cache.release([blocks[0]])
    assert cache.allocate() == blocks[1]
    assert cache.match([content(2)]) == []
    assert cache.match([content(1)]) == [blocks[0]]
    assert cache.touched == 3


def test_a_growing_need_gets_untouched_memory_past_the_soft_bound() -> None:
    cache = KVCache(NUM_BLOCKS, soft_blocks=2)
    assert sorted(cache.allocate() for _ in range(NUM_BLOCKS)) == list(range(NUM_BLOCKS))


def test_content_wanted_again_after_it_was_given_up_makes_room_for_as_much() -> None:
    cache = KVCache(NUM_BLOCKS, soft_blocks=2)
    for name in range(5):
        published(cache, name)
    assert cache.touched == 2
    assert cache.match([content(0), content(1), content(9)]) == []
    assert cache.match([content(0), content(1)]) == []  # counted already
    assert cache.soft_blocks == 4
    for name in range(5):
        published(cache, name)
    assert cache.touched == 4


def test_content_never_seen_makes_no_room() -> None:
    cache = KVCache(NUM_BLOCKS, soft_blocks=2)
    for name in range(5):
        published(cache, name)
        cache.match([content(100 + name)])
    assert (cache.soft_blocks, cache.touched) == (2, 2)


def test_two_conversations_that_take_turns_lose_each_other_only_once() -> None:
    cache = KVCache(NUM_BLOCKS, soft_blocks=3)
    conversations = [[content(name) for name in names] for names in ((1, 2, 3), (4, 5, 6))]
    found = []
    for turn in range(6):
        hashes = conversations[turn % 2]
        blocks = cache.match(hashes)
        found.append(len(blocks))
        for block in blocks:
            cache.hold(block)
        blocks += [cache.allocate() for _ in hashes[len(blocks) :]]
        for block, name in zip(blocks, hashes, strict=True):
            cache.publish(block, name)
        cache.release(blocks)
    assert found == [0, 0, 0, 3, 3, 3]
    assert cache.touched == 6


def test_the_bound_grows_to_all_blocks_at_most() -> None:
    cache = KVCache(3, soft_blocks=1)
    for _ in range(4):
        for name in range(4):
            cache.match([content(name)])
            published(cache, name)
    assert (cache.soft_blocks, cache.touched) == (3, 3)


def test_a_released_chain_is_given_up_from_its_end() -> None:
    cache = KVCache(3, soft_blocks=3)
    chain = [cache.allocate() for _ in range(3)]
    for name, block in enumerate(chain):
        cache.publish(block, content(name))
    cache.release(chain)
    assert cache.allocate() == chain[2]
    assert cache.match([content(0), content(1)]) == chain[:2]


def test_released_without_keeping_is_forgotten_only_when_nobody_holds_it() -> None:
    cache = KVCache(NUM_BLOCKS)
    block = cache.allocate()
    cache.publish(block, content(1))
    cache.hold(block)
    cache.release([block], keep=False)
    assert cache.match([content(1)]) == [block]
    cache.release([block], keep=False)
    assert cache.match([content(1)]) == []
    assert cache.available == NUM_BLOCKS


def test_equal_content_is_found_in_the_first_block_that_had_it() -> None:
    cache = KVCache(NUM_BLOCKS)
    first, second = cache.allocate(), cache.allocate()
    cache.publish(first, content(1))
    cache.publish(second, content(1))
    assert cache.match([content(1)]) == [first]
    cache.release([second])
    assert cache.match([content(1)]) == [first]


def test_a_cache_without_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match="num_blocks is 0"):
        KVCache(0)


class Blocks(RuleBasedStateMachine):
    """Any order of calls beside the simplest possible account of who holds what."""

    tables = Bundle("tables")

    def __init__(self) -> None:
        super().__init__()
        self.cache = KVCache(NUM_BLOCKS, soft_blocks=3)
        self.held: list[list[int]] = []
        self.known: dict[int, int] = {}  # block -> name of the content it was first published with, while held

    @rule(target=tables)
    def new_table(self) -> int:
        self.held.append([])
        return len(self.held) - 1

    @rule(table=tables)
    def allocate(self, table: int) -> None:
        in_use = {block for blocks in self.held for block in blocks}
        block = self.cache.allocate()
        if block is None:
            assert len(in_use) == NUM_BLOCKS
            return
        assert block not in in_use
        self.known.pop(block, None)
        self.held[table].append(block)

    @precondition(lambda self: any(self.held))
    @rule(data=st.data(), name=st.integers(0, 5))
    def publish(self, data: st.DataObject, name: int) -> None:
        block = data.draw(st.sampled_from(sorted({block for blocks in self.held for block in blocks})))
        if name not in self.known.values():
            self.cache.publish(block, content(name))
            if self.cache.match([content(name)]) == [block]:
                self.known.setdefault(block, name)

    @rule(table=tables, name=st.integers(0, 5))
    def hold_what_matches(self, table: int, name: int) -> None:
        for block in self.cache.match([content(name)]):
            self.cache.hold(block)
            self.held[table].append(block)
            assert self.known[block] == name

    @rule(table=consumes(tables), keep=st.booleans())
    def release(self, table: int, keep: bool) -> None:
        self.cache.release(self.held[table], keep=keep)
        self.held[table] = []

    @invariant()
    def references_add_up(self) -> None:
        everything = [block for blocks in self.held for block in blocks]
        for block in range(NUM_BLOCKS):
            assert self.cache.references(block) == everything.count(block)
        assert self.cache.available == NUM_BLOCKS - len(set(everything))
        assert self.cache.touched <= NUM_BLOCKS

    def teardown(self) -> None:
        for blocks in self.held:
            self.cache.release(blocks)
        dealt = [self.cache.allocate() for _ in range(NUM_BLOCKS)]
        assert sorted(dealt) == list(range(NUM_BLOCKS))
        assert self.cache.allocate() is None


Blocks.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestBlocks = Blocks.TestCase
