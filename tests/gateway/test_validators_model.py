"""Reading by pages that changed finds what is true, whatever joined, changed or left since the reading before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from gateway.sandbox.caching import Caching
from gateway.sandbox.scope import copy_of
from gateway.sandbox.server import make_server
from tests.gateway.following import DISTRICT, Followed, followed


@dataclass(frozen=True)
class Round:
    """deeds: what happens to which enrollment. fails: the request of the reading after it that does. full: it is."""

    deeds: Sequence[tuple[Literal["join", "change", "leave"], int]]
    fails: int | None
    full: bool


DEEDS = st.tuples(st.sampled_from(["join", "change", "leave"]), st.integers(0, 10_000))
ROUNDS = st.builds(
    Round,
    st.lists(DEEDS, max_size=4),
    st.one_of(st.none(), st.none(), st.integers(1, 4)),
    st.sampled_from([False] * 9 + [True]),
)
CACHING = st.sampled_from(
    [Caching(etag="strong"), Caching(etag="weak"), Caching(etag="weak", modified=True), Caching(etag="weak", bare=True)]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CACHING, st.lists(ROUNDS, min_size=1, max_size=6))
def test_what_is_held_is_what_is_true(caching: Caching, rounds: list[Round]) -> None:
    asyncio.run(_lived_through(caching, rounds))


async def _lived_through(caching: Caching, rounds: list[Round]) -> None:
    server = make_server("standard-1.2", copy_of(DISTRICT), max_limit=20, caching=caching)
    async with followed(server=server, can={"delta": False}, rescan_every="1d") as it:
        await it.refresh()
        for number, each in enumerate(rounds):
            for deed, which in each.deeds:
                _do(it, deed, which, f"2026-03-{number + 1:02}T10:00:{which % 60:02}.000Z")
            server.reset()
            await it.refresh(full=each.full, before={each.fails: lambda: 503} if each.fails else None)
            statuses = [seen.status for seen in server.log]
            if each.fails and len(it.way.sent) >= each.fails:
                assert it.table.standing is not None
                continue
            assert it.held() == it.truth()
            assert not (each.full and 304 in statuses)
            event("all as it was" if set(statuses) == {304} else "some" if 304 in statuses else "all was sent")


def _do(it: Followed, deed: str, which: int, when: str) -> None:
    enrollments = it.district.enrollments
    one = enrollments[which % len(enrollments)]
    match deed:
        case "join":
            it.district.add(replace(one, id=f"{which:08x}-{when}", modified=when))
        case "change":
            it.district.update(one, role="aide" if one.role != "aide" else "student", modified=when)
        case "leave":
            it.district.remove(one)
