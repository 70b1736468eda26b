"""Who is computed when, told on plain data: no model, no text."""

from __future__ import annotations

import random

import hypothesis.strategies as st
from hypothesis import given, settings

from qingmo.engine.kv_cache import KVCache
from qingmo.engine.scheduler import Chunk, Scheduler
from qingmo.engine.sequence import Sequence, State


class World:
    """A scheduler whose sequences all sample token 7."""

    def __init__(self, num_blocks: int = 64, **limits: int | bool) -> None:
        self.cache = KVCache(num_blocks)
        self.scheduler = Scheduler(self.cache, **limits)
        self.sequences: list[Sequence] = []
        self.limits: dict[Sequence, int] = {}

    def add(self, prompt: list[int] | int, output: int = 4, client: str = "") -> Sequence:
        """prompt: token ids, or a length of tokens no other sequence has."""
        order = len(self.sequences)
        tokens = [1000 * (order + 1) + i for i in range(prompt)] if isinstance(prompt, int) else list(prompt)
        sequence = Sequence(order, client, b"root", tokens, len(tokens))
        self.sequences.append(sequence)
        self.limits[sequence] = len(tokens) + output
        self.scheduler.add(sequence)
        return sequence

    def step(self) -> list[Chunk]:
        chunks = self.scheduler.schedule()
        for chunk in chunks:
            assert chunk.begin == chunk.sequence.computed
            assert len(chunk.sequence.blocks) * 16 >= chunk.end > chunk.begin
        assert len({chunk.sequence for chunk in chunks}) == len(chunks)
        self.scheduler.complete(chunks)
        for chunk in chunks:
            if chunk.is_last:
                chunk.sequence.tokens.append(7)
                if len(chunk.sequence.tokens) >= self.limits[chunk.sequence]:
                    self.scheduler.finish(chunk.sequence)
        return chunks

    def run(self) -> int:
        steps = 0
        while self.scheduler.has_work:
            assert self.step(), "there is work and none was scheduled"
            steps += 1
        return steps


def rows(chunks: list[Chunk]) -> dict[Sequence, int]:
    return {chunk.sequence: chunk.end - chunk.begin for chunk in chunks}


def test_decoding_comes_first_and_prompts_get_the_rest_of_the_rows() -> None:
    world = World(max_batched_tokens=32)
    first = world.add(10)
    world.step()
    second = world.add(100)
    assert rows(world.step()) == {first: 1, second: 31}


def test_prompts_go_on_when_decoding_takes_all_rows() -> None:
    world = World(max_batched_tokens=2, max_num_seqs=8)
    decoding = [world.add(2, output=20) for _ in range(3)]
    while any(s.remaining > 1 or not s.output_length for s in decoding):
        world.step()
    late = world.add(40)
    assert rows(world.step())[late] == 16


def test_one_client_is_served_first_come_first_served() -> None:
    world = World(max_batched_tokens=64)
    first, second = world.add(100), world.add(10)
    assert rows(world.step()) == {first: 64}
    assert rows(world.step()) == {first: 36, second: 10}


def test_short_prompts_fill_one_step_together() -> None:
    world = World(max_batched_tokens=512)
    many = [world.add(20) for _ in range(6)]
    assert rows(world.step()) == dict.fromkeys(many, 20)


def test_another_clients_prompt_does_not_wait_for_a_long_one() -> None:
    world = World(max_batched_tokens=64)
    long = world.add(600, client="a")
    assert rows(world.step()) == {long: 64}
    short = world.add(40, client="b")
    assert rows(world.step()) == {short: 32, long: 32}
    assert rows(world.step()) == {short: 8, long: 56}


def test_clients_take_turns_whoever_asked_more() -> None:
    world = World(max_batched_tokens=32, max_num_seqs=64)
    busy = [world.add(32, client="busy", output=1) for _ in range(4)]
    guest = world.add(32, client="guest", output=1)
    started = []
    while world.scheduler.has_work:
        started += [chunk.sequence for chunk in world.step() if chunk.end == chunk.sequence.prompt_length]
    assert started.index(guest) <= 1
    assert [s for s in started if s is not guest] == busy


def test_no_client_waits_until_two_others_have_nothing_left() -> None:
    world = World(max_batched_tokens=64)
    for client in "aabbaabb":
        world.add(32, client=client, output=1)
    late = world.add(32, client="c", output=1)
    world.step()
    assert late in rows(world.step())


def test_at_most_two_prompts_are_in_flight() -> None:
    world = World(num_blocks=256, max_batched_tokens=48)
    for client in "abcd":
        world.add(200, client=client)
    for _ in range(6):
        assert len(world.step()) == 2


def test_no_more_sequences_run_than_allowed() -> None:
    world = World(max_num_seqs=2)
    for _ in range(5):
        world.add(8)
    while world.scheduler.has_work:
        world.step()
        assert world.scheduler.num_running <= 2


def test_a_common_beginning_is_computed_once_and_the_last_token_always() -> None:
    world = World()
    prompt = list(range(64))
    first = world.add(prompt)
    assert rows(world.step()) == {first: 64}
    second = world.add(prompt)
    assert rows(world.step())[second] == 16
    assert second.cached_prompt_tokens == 48
    assert second.blocks[:3] == first.blocks[:3]


def test_one_does_not_start_while_another_computes_what_it_needs() -> None:
    world = World(max_batched_tokens=32)
    prompt = list(range(100))
    first, second = world.add(prompt, client="a"), world.add([*prompt, 500], client="b")
    for _ in range(3):
        assert list(rows(world.step())) == [first]
    assert rows(world.step()) == {first: 100 - 96, second: 101 - 96}
    assert second.cached_prompt_tokens == 96


def test_one_that_waits_for_another_does_not_hold_up_other_clients() -> None:
    world = World(max_batched_tokens=32)
    prompt = list(range(200))
    world.add(prompt, client="a")
    world.add(prompt, client="b")
    third = world.add(20, client="c")
    assert third in rows(world.step())


def test_blocks_are_shared_as_each_chunk_ends() -> None:
    world = World(max_batched_tokens=32)
    first = world.add(list(range(100)))
    world.step()
    assert world.cache.match(first.hashes) == first.blocks[:2]
    assert first.published == 2


def test_without_keeping_nothing_is_found_after_the_end() -> None:
    world = World(keep_blocks=False)
    world.add(list(range(64)))
    world.run()
    again = world.add(list(range(64)))
    world.step()
    assert again.cached_prompt_tokens == 0


def test_the_newest_is_preempted_and_goes_on_from_its_cached_blocks() -> None:
    world = World(num_blocks=6)
    old, new = world.add(30, output=40), world.add(30, output=20)
    while new.state is not State.WAITING or not new.output_length:
        world.step()
    assert old.state is State.RUNNING
    assert new.blocks == []
    outputs = new.output_length
    world.run()
    assert world.scheduler.preemptions > 0
    assert new.output_length > outputs
    assert new.cached_prompt_tokens == 0  # what was found at its first start, not when it went on


def test_a_preempted_sequence_goes_on_after_its_cached_blocks() -> None:
    world = World()
    sequence = world.add(30, output=10)
    for _ in range(4):
        world.step()
    assert len(sequence.tokens) == 34
    world.scheduler.preempt_newest()
    assert rows(world.step()) == {sequence: 34 - 32}


def test_a_preempted_sequence_goes_before_its_clients_waiting_ones() -> None:
    world = World(max_num_seqs=1)
    first, second = world.add(20, output=10), world.add(20)
    world.step()
    world.scheduler.preempt_newest()
    assert list(rows(world.step())) == [first]
    assert second.state is State.WAITING


def test_the_newest_is_the_one_submitted_last_whoever_started_last() -> None:
    world = World()
    old, new = world.add(20, client="a", output=10), world.add(20, client="b", output=10)
    world.step()
    world.scheduler.preempt_newest()
    world.scheduler.preempt_newest()
    assert list(rows(world.step())) == [new, old]
    world.scheduler.preempt_newest()
    assert (old.state, new.state) == (State.RUNNING, State.WAITING)


def test_a_prompt_does_not_start_where_its_blocks_are_promised() -> None:
    world = World(num_blocks=10, max_batched_tokens=32)
    first = world.add(100, client="a")
    world.step()
    second = world.add(60, client="b")
    world.step()
    assert second.state is State.WAITING
    assert first.state is State.RUNNING
    world.run()
    assert world.scheduler.preemptions == 0


def test_a_prompt_leaves_a_block_to_each_that_decodes() -> None:
    world = World(num_blocks=4)
    decoding = world.add(10, output=12)
    world.step()
    second = world.add(40)
    world.step()
    assert second.state is State.WAITING
    while decoding.state is not State.FINISHED:
        world.step()
    world.run()
    assert world.scheduler.preemptions == 0


def test_cached_blocks_a_prompt_finds_do_not_count_as_free_for_it_too() -> None:
    world = World(num_blocks=8)
    prompt = list(range(64))
    world.add(prompt, output=1)
    world.run()
    decoding = world.add(20, output=60)
    world.step()
    world.add([*prompt, *range(500, 540)], output=1)  # 4 blocks found, 3 more wanted, 2 free beside the found ones
    world.step()
    assert world.sequences[-1].state is State.WAITING
    assert decoding.state is State.RUNNING


def test_sequences_leave_in_any_state_and_nothing_stays_held() -> None:
    world = World(num_blocks=12, max_batched_tokens=32)
    decoding, prompt, waiting = world.add(10, output=50), world.add(100), world.add(50)
    world.step()
    world.step()
    assert [s.state for s in (decoding, prompt, waiting)] == [State.RUNNING, State.RUNNING, State.WAITING]
    for sequence in (prompt, waiting, decoding):
        world.scheduler.finish(sequence)
    assert not world.scheduler.has_work
    assert world.cache.available == 12


def test_scheduling_twice_without_completing_gives_the_same_work() -> None:
    world = World(max_batched_tokens=32)
    world.add(10)
    world.step()
    world.add(40)
    assert rows(world.scheduler.schedule()) == rows(world.scheduler.schedule())


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    num_blocks=st.integers(8, 40),
    batched=st.sampled_from([1, 16, 40, 512]),
    seqs=st.integers(1, 8),
    keep=st.booleans(),
)
def test_any_traffic_ends_with_everything_answered_and_all_blocks_free(
    seed: int, num_blocks: int, batched: int, seqs: int, keep: bool
) -> None:
    rng = random.Random(seed)
    world = World(num_blocks, max_batched_tokens=batched, max_num_seqs=seqs, keep_blocks=keep)
    common = list(range(48))
    aborted = set()
    for _ in range(rng.randint(1, 12)):
        prompt = common[: rng.randint(0, 48)] + [rng.randrange(9) for _ in range(rng.randint(1, 40))]
        world.add(prompt, output=rng.randint(1, 40), client=rng.choice("abc"))
        for _ in range(rng.randint(0, 3)):
            if world.scheduler.has_work:
                assert world.step()
        living = [s for s in world.sequences if s.state is not State.FINISHED]
        if living and rng.random() < 0.2:
            victim = rng.choice(living)
            world.scheduler.finish(victim)
            aborted.add(victim)
    world.run()
    for sequence in world.sequences:
        assert sequence.state is State.FINISHED
        assert sequence in aborted or len(sequence.tokens) == world.limits[sequence]
    assert world.cache.available == num_blocks
    assert all(world.cache.references(block) == 0 for block in range(num_blocks))


def test_prompts_get_the_rows_that_fit_a_steps_time_once_steps_were_timed() -> None:
    world = World(num_blocks=256, max_batched_tokens=512)
    decoding = world.add(10, output=200)
    world.step()
    long = world.add(2000)
    assert rows(world.step()) == {decoding: 1, long: 511}
    chunks = world.scheduler.schedule()
    world.scheduler.complete(chunks, seconds=1.024)  # two milliseconds a row
    for chunk in chunks:
        if chunk.is_last:
            chunk.sequence.tokens.append(7)
    assert rows(world.step()) == {decoding: 1, long: 124}


def test_a_machine_too_slow_for_its_time_still_goes_on_with_prompts() -> None:
    world = World(num_blocks=256, max_batched_tokens=128)
    decoding = world.add(10, output=200)
    world.step()
    prompt = world.add(600)
    world.scheduler.complete(world.scheduler.schedule(), seconds=1000.0)
    decoding.tokens.append(7)
    assert rows(world.step()) == {decoding: 1, prompt: 16}


def test_the_queue_is_told_in_the_order_in_which_sequences_start() -> None:
    world = World(max_num_seqs=1)
    world.add(20, client="first", output=1)
    world.step()
    for client in "aabca":
        world.add(20, client=client, output=1)
    expected = world.scheduler.queue()
    started: list[Sequence] = []
    while world.scheduler.has_work:
        started += [chunk.sequence for chunk in world.step() if chunk.begin == 0]
    assert started == expected


def test_a_waiting_sequence_that_is_given_up_leaves_its_place_to_the_next() -> None:
    world = World(max_num_seqs=1)
    world.add(20, output=1)
    given_up, other = world.add(20), world.add(20)
    world.scheduler.finish(given_up)
    assert world.scheduler.queue()[-1] is other
    assert world.scheduler.num_waiting == 2
    world.step()
    assert rows(world.step()) == {other: 20}
