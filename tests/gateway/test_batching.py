"""What an operation wants by key: read together, each key once."""

from __future__ import annotations

import asyncio

import pytest

from gateway.roster.batching import Batches

pytestmark = pytest.mark.anyio


class Lengths:
    """Reads how long words are; notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.go = asyncio.Event()
        self.go.set()

    async def read(self, words: list[str]) -> dict[str, int]:
        self.asked.append(words)
        await self.go.wait()
        if "" in words:
            raise ValueError("no word")
        return {word: len(word) for word in words}


async def turns() -> None:
    """Lets all begin what they can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_several_want_at_once_is_one_batch_with_each_key_once() -> None:
    source = Lengths()
    batches = Batches(source.read)
    found = await asyncio.gather(batches.many(["a", "bb", "a"]), batches.one("bb"), batches.many(["ccc"]))
    assert found == [{"a": 1, "bb": 2}, 2, {"ccc": 3}]
    assert source.asked == [["a", "bb", "ccc"]]


async def test_a_task_that_is_begun_in_the_same_turn_joins_the_batch() -> None:
    source = Lengths()
    batches = Batches(source.read)

    async def later() -> int:
        return await asyncio.create_task(batches.one("bb"))

    assert await asyncio.gather(batches.one("a"), later()) == [1, 2]
    assert source.asked == [["a", "bb"]]


async def test_what_was_read_or_is_on_its_way_is_not_read_again() -> None:
    source = Lengths()
    batches = Batches(source.read)
    assert await batches.one("a") == 1
    source.go.clear()
    coming = asyncio.create_task(batches.one("bb"))
    await turns()
    all_of_them = asyncio.create_task(batches.many(["ccc", "a", "bb"]))
    await turns()
    source.go.set()
    assert await all_of_them == {"ccc": 3, "a": 1, "bb": 2}
    assert list(await all_of_them) == ["ccc", "a", "bb"]
    assert await coming == 2
    assert source.asked == [["a"], ["bb"], ["ccc"]]


async def test_nothing_is_read_for_no_keys() -> None:
    source = Lengths()
    assert await Batches(source.read).many([]) == {}
    assert source.asked == []


async def test_one_who_waits_being_cancelled_takes_nothing_from_the_others() -> None:
    source = Lengths()
    batches = Batches(source.read)
    source.go.clear()
    gone, stays = asyncio.create_task(batches.one("a")), asyncio.create_task(batches.many(["a", "bb"]))
    await turns()
    gone.cancel()
    await asyncio.wait({gone})
    source.go.set()
    assert await stays == {"a": 1, "bb": 2}
    assert gone.cancelled()
    assert source.asked == [["a", "bb"]]


async def test_what_goes_wrong_is_raised_for_all_who_wait() -> None:
    batches = Batches(Lengths().read)
    found = await asyncio.gather(batches.one("a"), batches.many(["", "a"]), return_exceptions=True)
    assert [str(error) for error in found] == ["no word", "no word"]
