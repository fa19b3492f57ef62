"""S04: what several rows give together is nothing that none of them gives, and each alone gives what it says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.endpoints import Collection
from gateway.access.clients import Row
from gateway.access.field_class import FieldClass
from gateway.access.grant import ALL, NONE_WITHHELD, Access, Withheld
from gateway.access.granting import Granted, grant_of, joined
from gateway.access.personal import FIELDS_IN
from gateway.access.scope import READS, Scope

ORGS = ("1", "2", "3", "elsewhere")
SPRINGFIELD = Granted("springfield", "Springfield", frozenset({"pilot"}))
SHELBYVILLE = Granted("shelbyville", None, frozenset({"pilot"}))
NAME, CONTACT, GRADES, RAW = FieldClass.NAME, FieldClass.CONTACT, FieldClass.GRADES, FieldClass.RAW
SENSITIVE, DEMOGRAPHICS = FieldClass.SENSITIVE, FieldClass.DEMOGRAPHICS

ROWS = st.builds(
    Row,
    sources=st.just(("springfield",)),
    scopes=st.lists(st.sampled_from(Scope), max_size=3).map(tuple),
    fields=st.lists(st.sampled_from(FieldClass), max_size=5).map(tuple),
    orgs=st.none() | st.lists(st.sampled_from(ORGS[:-1]), min_size=1, max_size=2).map(tuple),
    mask=st.booleans(),
    expires=st.none() | st.integers(1, 5),
)


def shown(access: Access) -> set[tuple[Collection, FieldClass | None, str]]:
    """Every kind of value that may be read, and of which org's records: None for a field of no class."""
    orgs = [org for org in ORGS if access.orgs is None or org in access.orgs]
    return {
        (collection, each, org)
        for collection in access.collections
        for each in (None, *access.classes)
        for org in orgs
        if each is None or collection in FIELDS_IN[each]
    }


def unmasked(access: Access) -> set[tuple[Collection, FieldClass | None, str]]:
    return set() if access.masked else shown(access)


def of(rows: Iterable[Row], at: float = 0) -> Access:
    return grant_of("app", tuple(rows), [SPRINGFIELD], at).at("springfield")


@given(st.lists(ROWS, min_size=1, max_size=5))
def test_S04_rows_together_show_nothing_that_none_of_them_shows(rows: list[Row]) -> None:
    together = joined([row.access for row in rows])
    assert shown(together) <= set().union(*(shown(row.access) for row in rows))
    assert unmasked(together) <= set().union(*(unmasked(row.access) for row in rows))
    assert together.masked is any(row.mask for row in rows)


@given(ROWS)
def test_S04_a_row_alone_gives_what_it_says(row: Row) -> None:
    assert joined([row.access]) == row.access
    assert row.access.collections == set().union(*(READS.get(scope, frozenset()) for scope in row.scopes))
    assert row.access.classes == set(row.fields)
    assert row.access.orgs == (None if row.orgs is None else set(row.orgs))
    assert row.access.masked is row.mask


@given(st.lists(ROWS, min_size=1, max_size=5))
def test_rows_come_to_the_same_in_any_order_and_however_often_they_are_given(rows: list[Row]) -> None:
    given = [row.access for row in rows]
    assert joined(given) == joined(given[::-1]) == joined(given * 2)


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_rows_beside_one_that_gives_all_take_nothing_away_but_may_mask(rows: list[Row]) -> None:
    all_ = Row(sources=("springfield",), scopes=tuple(READS), fields=tuple(FieldClass))
    assert shown(of([*rows, all_])) == shown(ALL)
    assert of([*rows, all_]).masked is any(row.mask for row in rows)


@given(st.lists(ROWS, max_size=5), st.integers(0, 6))
def test_S04_a_row_that_has_ended_gives_nothing(rows: list[Row], at: int) -> None:
    live = [row for row in rows if row.expires is None or row.expires > at]
    assert grant_of("app", rows, [SPRINGFIELD], at) == grant_of("app", live, [SPRINGFIELD], 0)


def row(*scopes: Scope, fields: Any = (), orgs: Any = None, **given: Any) -> Row:
    return Row(sources=("springfield",), scopes=scopes, fields=tuple(fields), orgs=orgs, **given)


CORE, GRADEBOOK = Scope.ROSTER_CORE, Scope.GRADEBOOK


@pytest.mark.parametrize(
    ("rows", "collections", "classes", "orgs"),
    [
        ([row(CORE, fields=[NAME]), row(GRADEBOOK, fields=[GRADES])], READS[CORE] | READS[GRADEBOOK], {NAME, GRADES},
         None),
        ([row(CORE, fields=[NAME]), row(CORE, fields=[CONTACT])], READS[CORE], {NAME, CONTACT}, None),
        ([row(CORE), row(GRADEBOOK, fields=[NAME])], READS[CORE] | READS[GRADEBOOK], set(), None),
        ([row(CORE, fields=[SENSITIVE]), row(GRADEBOOK)], READS[CORE] | READS[GRADEBOOK], set(), None),
        ([row(CORE, fields=[RAW, NAME]), row(Scope.RESOURCE, fields=[RAW])], READS[CORE] | {Collection.RESOURCES},
         {RAW, NAME}, None),
        ([row(CORE, fields=[NAME], orgs=("1",)), row(CORE, fields=[NAME, CONTACT], orgs=("2",))], READS[CORE], {NAME},
         {"1", "2"}),
        ([row(CORE, orgs=("1",)), row(GRADEBOOK, orgs=("2",))], frozenset(), set(), {"1", "2"}),
        ([row(Scope.ROSTER, fields=[NAME], orgs=("1",)), row(CORE)], READS[CORE], set(), None),
        ([row(CORE, fields=[NAME]), row(CORE, orgs=("1",))], READS[CORE], {NAME}, None),
        ([row(CORE, fields=[NAME], orgs=("1",)), row(Scope.REFRESH)], READS[CORE], {NAME}, {"1"}),
        ([row(Scope.REFRESH, fields=[NAME])], frozenset(), {NAME}, None),
    ],
    ids=[
        "collections-and-classes-add-up",
        "classes-of-one-collection-add-up",
        "names-need-a-row-that-reads-people",
        "a-class-of-two-collections-needs-both",
        "both-have-given-raw",
        "orgs-add-up-and-what-both-give-is-left",
        "nothing-is-left",
        "a-limit-ends-where-a-row-has-none",
        "a-row-within-another",
        "a-row-without-reading-takes-nothing-away",
        "no-reading-at-all",
    ],
)  # fmt: skip
def test_S04_what_rows_come_to(rows: list[Row], collections: Any, classes: Any, orgs: Any) -> None:
    assert of(rows) == of(rows[::-1]) == Access(collections, frozenset(classes), orgs)


def test_S04_who_was_granted_all_of_a_source_is_not_checked_there_at_all() -> None:
    all_ = Row(every=True, scopes=tuple(READS), fields=tuple(FieldClass))
    grant = grant_of("app", [all_], [SPRINGFIELD, SHELBYVILLE], 0)
    assert grant.at("springfield") is grant.at("shelbyville") is ALL
    assert grant.withheld == NONE_WITHHELD
    halves = [
        row(CORE, fields=FieldClass),
        row(Scope.ROSTER_DEMOGRAPHICS, GRADEBOOK, Scope.RESOURCE, fields=FieldClass),
    ]
    assert of(halves) is ALL


def test_S04_each_source_has_what_its_own_rows_give() -> None:
    rows = [
        Row(labels=("pilot",), scopes=(CORE, Scope.EXPLAIN), fields=(NAME,), purpose="rosters"),
        Row(districts=("Springfield",), scopes=(GRADEBOOK,), fields=(GRADES,), expires=9, purpose="marks"),
        Row(sources=("gone",), scopes=tuple(Scope), fields=tuple(FieldClass)),
    ]
    grant = grant_of("app", rows, [SPRINGFIELD, SHELBYVILLE], 0)
    assert grant.at("shelbyville") == rows[0].access
    assert grant.at("springfield").classes == {NAME, GRADES}
    assert grant.may == {(Scope.EXPLAIN, "springfield"), (Scope.EXPLAIN, "shelbyville")}
    assert set(grant.sources or ()) == {"springfield", "shelbyville"}
    assert grant.withheld == Withheld(frozenset(FieldClass) - {NAME}, frozenset(FieldClass) - {NAME, GRADES})
    first, second = grant.lines
    assert (first.source, first.scopes, first.expires, first.purpose) == (
        "springfield", (CORE, GRADEBOOK, Scope.EXPLAIN), 9, "rosters; marks",
    )  # fmt: skip
    assert (second.scopes, second.expires, second.purpose) == ((CORE, Scope.EXPLAIN), None, "rosters")


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_scopes_that_are_shown_come_to_what_may_be_read(rows: list[Row]) -> None:
    grant = grant_of("app", rows, [SPRINGFIELD], 0)
    (line,) = grant.lines
    assert set().union(*(READS.get(scope, frozenset()) for scope in line.scopes)) == grant.at("springfield").collections
    assert {(scope, line.source) for scope in line.scopes if scope not in READS} == grant.may
