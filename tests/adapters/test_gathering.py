"""What a scan gathers: each id once, what came again last; nothing for the collector to walk, freed beside."""

import gc
import sys
import time

from hypothesis import given
from hypothesis import strategies as st

from adapters import gathering
from adapters.gathering import Gathered, Ids
from adapters.records import Org, Provenance, RecordStatus

READ = Provenance("a")
MANY = 3 * gathering._FEW


def org(n: int, name: str | None = None) -> Org:
    return Org(provenance=READ, sourced_id=f"{n:06}", status=RecordStatus.ACTIVE, name=name)


@given(st.lists(st.sets(st.text(max_size=3))), st.sets(st.text(max_size=3)))
def test_ids_are_a_set(pages: list[set[str]], others: set[str]) -> None:
    ids, plain = Ids(), set[str]()
    for page in pages:
        assert ids.known(page) == plain & page
        ids.add(page)
        plain |= page
    assert (len(ids), set(ids)) == (len(plain), plain)
    assert ids.known(others) == plain & others == {each for each in others if each in ids}


def test_many_ids_are_kept_in_sets_none_of_which_is_large() -> None:
    ids = Ids()
    for start in range(0, MANY, 1000):
        ids.add(f"{n:06}" for n in range(start, start + 1000))
    assert len(ids) == MANY
    assert ids.known(["000000", f"{MANY - 1:06}", f"{MANY:06}"]) == {"000000", f"{MANY - 1:06}"}
    assert max(map(len, ids._sets)) < MANY / 30


def test_a_record_that_came_again_takes_the_place_of_the_earlier() -> None:
    gathered = Gathered()
    gathered.add((org(2), org(1)))
    gathered.replace(org(2, "moved"))
    gathered.add((org(3),))
    assert [(r.sourced_id, r.name) for r in gathered if isinstance(r, Org)] == [
        ("000002", "moved"),
        ("000001", None),
        ("000003", None),
    ]
    assert len(gathered) == 3
    assert org(2, "moved") in gathered
    assert org(2) not in gathered


def test_the_collector_has_no_large_thing_to_walk() -> None:
    gathered = Gathered()
    for start in range(0, MANY, 1000):
        gathered.add(tuple(org(n) for n in range(start, start + 1000)))
    first = next(iter(gathered))
    gc.collect()
    walked = [each for each in gc.get_objects() if isinstance(each, list | tuple | dict) and len(each) >= 1000]
    assert not [each for each in walked if first in each]


def test_what_nobody_reads_any_more_is_freed_beside() -> None:
    last = org(MANY)
    gathered = Gathered()
    gathered.add((org(1),))
    gathered.add((last,))
    held = sys.getrefcount(last)
    del gathered
    until = time.monotonic() + 10
    while sys.getrefcount(last) >= held:
        assert time.monotonic() < until
        time.sleep(0.001)
