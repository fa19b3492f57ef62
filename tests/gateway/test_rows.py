"""Many records at once: found by id and by place, not walked by the collector, freed without holding anybody up."""

import gc
import sys
import time

import pytest

from adapters.records import Org, Provenance, Record, RecordStatus
from gateway.roster.rows import PART, Rows

SIZE = 2 * PART + 100


@pytest.fixture
def records() -> list[Record]:
    read = Provenance("a")
    return [Org(provenance=read, sourced_id=f"{n:06}", status=RecordStatus.ACTIVE) for n in range(0, 2 * SIZE, 2)]


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, SIZE])
def test_every_record_is_found_by_its_id_and_by_its_place(records: list[Record], size: int) -> None:
    rows = Rows(records[:size])
    assert len(rows) == size
    assert list(rows) == records[:size] == [rows[place] for place in range(size)]
    assert [rows.place(each.sourced_id) for each in records[:size]] == list(range(size))
    between = [f"{2 * place - 1:06}" for place in range(1, size)]
    assert [rows.place(each) for each in between] == list(range(1, size))
    assert (rows.place(""), rows.place("999999")) == (0, size)
    with pytest.raises(IndexError):
        rows[size]


def test_a_slice_reaches_over_parts(records: list[Record]) -> None:
    rows = Rows(records)
    assert rows[PART - 2 : PART + 2] == tuple(records[PART - 2 : PART + 2])
    assert rows[-3:] == tuple(records[-3:])
    assert rows[SIZE:] == ()
    assert rows[-1] is records[-1]
    assert rows.at([SIZE - 1, 0, PART]) == (records[-1], records[0], records[PART])


@pytest.mark.parametrize("stop", [0, 1, PART - 1, PART, PART + 1, 2 * PART, SIZE - 1, SIZE, SIZE + 9])
@pytest.mark.parametrize("start", [0, 1, PART - 1, PART, 2 * PART - 1, SIZE])
def test_a_slice_is_that_of_a_tuple(records: list[Record], start: int, stop: int) -> None:
    assert Rows(records)[start:stop] == tuple(records)[start:stop]
    assert Rows(records)[start:stop:3] == tuple(records)[start:stop:3]


def test_the_collector_has_nothing_to_walk(records: list[Record]) -> None:
    rows = Rows(records)
    assert len(rows) == SIZE
    assert not [each for each in gc.get_objects() if type(each) is tuple and len(each) == PART and each[0] is rows[0]]


def test_what_nobody_reads_any_more_is_freed_beside(records: list[Record]) -> None:
    rows = Rows(records)
    held = sys.getrefcount(records[-1])
    del rows
    until = time.monotonic() + 60
    while sys.getrefcount(records[-1]) >= held:
        assert time.monotonic() < until
        time.sleep(0.001)
