"""A source as a client's access leaves it: collections and organisations, list by list and record by record."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from adapters.endpoints import ENTITIES, Collection
from adapters.gradebook import AssessmentLineItem, ScoreScale
from adapters.records import Org, OrgType, Record, RecordType
from gateway.access.field_class import FieldClass
from gateway.access.grant import ALL, Access, Grant
from gateway.faults import ErrorCode, SourceState
from gateway.roster.scope import Scope
from gateway.roster.source import Source
from tests.gateway.support import MakeWorld, World, here, page

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

WITHHELD = {
    Collection.DEMOGRAPHICS: FieldClass.DEMOGRAPHICS,
    Collection.RESULTS: FieldClass.GRADES,
    Collection.ASSESSMENT_RESULTS: FieldClass.GRADES,
}


def granted(access: Access) -> Grant:
    return Grant({"a": access})


def seen(made: World, access: Access) -> Source:
    found = made.sources.get("a", granted(access))
    assert found is not None
    return found


async def test_a_source_is_itself_for_who_may_read_all_of_it_and_one_view_for_all_of_one_access(
    world: MakeWorld,
) -> None:
    made = world(a="standard-1.2")
    [source] = made.sources
    assert seen(made, ALL) is source
    assert seen(made, Access()) is source
    some = Access(orgs=frozenset({"o-00002"}))
    assert seen(made, some) is seen(made, replace(some)) is not source
    assert seen(made, some).seen(ALL) is seen(made, some)
    grant = granted(some)
    assert made.sources.within(grant) == [*made.sources.named(["a"], grant)] == [seen(made, some)]


@pytest.mark.parametrize("collection", Collection, ids=[f"S05-{c.value}" for c in Collection])
async def test_a_collection_that_is_not_granted_is_forbidden_and_not_asked_for(
    world: MakeWorld, collection: Collection
) -> None:
    made, kind = world(a="standard-1.2"), ENTITIES[collection].type
    grant = granted(Access(frozenset(Collection) - {collection}))
    reading = made.reading(grant)
    found = await page(reading, kind)
    [told] = found.page.outcomes
    assert ([*found.page.records], found.page.complete, await found.total()) == ([], False, None)
    assert (told.state, told.code) == (SourceState.FORBIDDEN, ErrorCode.FORBIDDEN_SCOPE)
    assert await reading.lookup(here, kind, "a", "whatever") is None
    codes = [error.extensions["code"] for error in reading.outcomes.errors() if error.extensions]
    assert codes == ["FORBIDDEN_SCOPE"]
    shown = {"source": "a", "collection": kind.value, "state": "FORBIDDEN", "code": "FORBIDDEN_SCOPE"}
    assert reading.outcomes.extension() == {"counts": {"FORBIDDEN": 1}, "notFresh": [shown]}
    assert made.requests("a") == 0
    whoever = made.reading()
    assert (await page(whoever, kind)).page.complete
    asked = made.requests("a")
    assert (await page(made.reading(grant), kind)).page.records == ()
    assert made.reading(grant).held(kind, "a") is None
    assert made.requests("a") == asked


@pytest.mark.parametrize("collection", WITHHELD, ids=[f"S05-{c.value}" for c in WITHHELD])
async def test_a_collection_of_which_the_fields_are_withheld_is_not_asked_for(
    world: MakeWorld, collection: Collection
) -> None:
    made, kind = world(a="standard-1.2"), ENTITIES[collection].type
    found = await page(made.reading(granted(Access(classes=frozenset(FieldClass) - {WITHHELD[collection]}))), kind)
    [told] = found.page.outcomes
    assert ([*found.page.records], told.code) == ([], ErrorCode.FORBIDDEN_FIELD)
    assert made.requests("a") == 0


async def test_a_class_that_is_withheld_takes_no_other_collection_with_it(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    found = await page(made.reading(granted(Access(classes=frozenset()))), RecordType.USER)
    assert found.page.complete
    assert found.page.records


async def test_numbers_of_all_records_are_not_told_who_may_not_read_all(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    [source] = made.sources
    source.refresh(Collection.USERS)
    while source.loading(Collection.USERS):  # noqa: ASYNC110 - there is nothing to be told by
        await asyncio.sleep(0.005)
    some = seen(made, Access(orgs=frozenset({made.servers["a"].district.schools[0].id})))
    assert source.unknown_status(Collection.USERS) == 0
    assert (some.unknown_status(Collection.USERS), some.counts(Collection.USERS)) == (None, False)
    assert some.counts(Collection.COURSES)
    assert source.collection_state(Collection.USERS) is SourceState.FRESH
    closed = seen(made, Access(frozenset({Collection.ORGS})))
    assert closed.collection_state(Collection.USERS) is SourceState.FORBIDDEN


def test_orgs_of_a_grant_and_schools_of_the_settings_leave_those_that_both_list() -> None:
    listed, granted = Scope.of_schools(["a", "b"]), Access(orgs=frozenset({"b", "c"}))
    assert listed.under(granted).orgs == {"b"}
    assert listed.under(ALL).orgs == {"a", "b"}
    assert Scope.of_schools([]).under(granted).orgs == {"b", "c"}
    assert Scope.of_schools([]).under(ALL) == Scope.of_schools([])
    assert listed.under(Access(orgs=frozenset({"c"}))).orgs == frozenset()


@pytest.mark.parametrize("kind", RecordType, ids=[f"S04-orgs-none-{kind.value}" for kind in RecordType])
async def test_where_no_organisation_is_left_nobody_is_shown(world: MakeWorld, kind: RecordType) -> None:
    made = world({"a": {"schools": ["o-00002"]}}, a="standard-1.2")
    found = await page(made.reading(granted(Access(orgs=frozenset({"elsewhere"})))), kind, None, first=5000)
    of_nobody = {RecordType.ACADEMIC_SESSION, RecordType.COURSE, RecordType.CATEGORY, RecordType.RESOURCE}
    whoever = [r for r in found.page.records if kind not in of_nobody and not nobodys(r)]
    assert (whoever, found.page.complete) == ([], True)
    if kind in (RecordType.USER, RecordType.CLASS, RecordType.ENROLLMENT):
        assert made.requests("a") == 0


def nobodys(record: Record) -> bool:
    """An organisation that is no school, an assessment of no class."""
    match record:
        case Org():
            return record.type is not OrgType.SCHOOL
        case AssessmentLineItem() | ScoreScale():
            return record.class_id is None
    return False
