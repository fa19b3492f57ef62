"""A source that is followed by what changed holds what is true there, whatever happened between and during readings.

Generated histories of one collection: people join, change, move between classes, are deleted with and without a
tombstone; the source's clock is behind or ahead of ours and its servers disagree by minutes; a reading fails, or finds
records changing while it runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.sandbox.truth import DELETED, Enrollment
from tests.gateway.following import Followed, followed

Deed = Literal["join", "change", "move", "bury", "vanish"]
Which = int


@dataclass(frozen=True)
class Change:
    """One change of the truth. seconds: since the last one. lag: by how much the server that dates it is behind."""

    deed: Deed
    which: Which
    other: Which
    seconds: int
    lag: int


@dataclass(frozen=True)
class Refresh:
    """full: of everything. fails: the request that fails. meanwhile: changes before requests of its own."""

    full: bool = False
    fails: int | None = None
    meanwhile: dict[int, Change] = field(default_factory=dict)


SECONDS = st.sampled_from([1, 20, 100, 900])


def changes(*deeds: Deed) -> st.SearchStrategy[Change]:
    number = st.integers(0, 10_000)
    return st.builds(Change, st.sampled_from(deeds), number, number, SECONDS, st.integers(0, 240))


ANY = changes("join", "change", "change", "move", "move", "bury", "vanish")
REFRESH = st.builds(
    Refresh,
    st.sampled_from([False, False, False, True]),
    st.none() | st.integers(1, 2),
    st.dictionaries(st.integers(1, 2), changes("change", "move", "bury"), max_size=1),
)
ROUND = st.tuples(st.lists(ANY, max_size=3), st.one_of(st.just(Refresh()), st.just(Refresh()), REFRESH))
HISTORY = st.lists(ROUND, min_size=2, max_size=6).map(lambda rounds: [s for c, r in rounds for s in (*c, r)])
SKEW = st.sampled_from([timedelta(days=-100), timedelta(0), timedelta(hours=3), timedelta(days=400)])


@dataclass
class Truth:
    """What happens to the district, by its own clock."""

    it: Followed
    now: datetime
    joined: int = 0

    def happens(self, change: Change) -> None:
        district = self.it.district
        self.now += timedelta(seconds=change.seconds)
        stamp = (self.now - timedelta(seconds=change.lag)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        one: Enrollment = district.enrollments[change.which % len(district.enrollments)]
        class_id = district.classes[change.other % len(district.classes)].id
        match change.deed:
            case "join":
                self.joined += 1
                user = district.users[change.other % len(district.users)].id
                district.add(
                    Enrollment(
                        id=f"joined-{self.joined}",
                        serial=10_000 + self.joined,
                        modified=stamp,
                        user=user,
                        class_id=class_id,
                        school=one.school,
                        role="student",
                    )
                )
            case "change":
                district.update(one, role="aide" if one.role != "aide" else "student", modified=stamp)
            case "move":
                district.update(one, class_id=class_id, modified=stamp)
            case "bury":
                district.update(one, status=DELETED, modified=stamp)
            case "vanish":
                district.remove(one)


async def lived(history: Sequence[Change | Refresh], skew: timedelta) -> None:
    async with followed() as it:
        start = datetime(2026, 2, 1, tzinfo=UTC) if skew <= timedelta(0) else datetime.now(UTC)
        truth = Truth(it, start + skew if skew > timedelta(0) else start)
        if skew < timedelta(0):
            for e in list(it.district.enrollments):
                moment = datetime.fromisoformat(e.modified) + skew
                it.district.update(e, modified=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
            truth.now += skew
        await it.refresh()
        assert it.held() == it.truth()
        for step in [*history, Refresh(), Refresh(), Refresh(full=True)]:
            if isinstance(step, Change):
                truth.happens(step)
            else:
                await refreshed(truth, step)


async def refreshed(truth: Truth, step: Refresh) -> None:
    it = truth.it
    held, scanned_at = it.held(), it.table.scanned_at
    failed: list[int] = []

    def before(n: int) -> Callable[[], int | None]:
        def happens() -> int | None:
            if n in step.meanwhile:
                truth.happens(step.meanwhile[n])
            if n == step.fails:
                failed.append(n)
                return 500
            return None

        return happens

    await it.refresh(full=step.full, before={n: before(n) for n in range(1, 4)})
    now = it.held()
    if failed:
        assert now == held
        assert it.table.standing is not None
        return
    true = it.truth()
    gone = {} if it.table.scanned_at != scanned_at else {i: row for i, row in held.items() if i not in true}
    if step.meanwhile:
        # What changed while it was read may be missing once, but is never made up.
        assert now.keys() <= true.keys() | gone.keys()
        return
    assert now == {**gone, **true}
    for place, name, records in ((2, "user_id", it.district.users), (3, "class_id", it.district.classes)):
        parents = [r.id for r in records]
        below = await it.below(name, parents)
        assert below == {p: {i for i, row in now.items() if row[place] == p} for p in parents}


@given(HISTORY, SKEW)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_followed_source_is_held_as_it_is(history: list[Change | Refresh], skew: timedelta) -> None:
    asyncio.run(lived(history, skew))
