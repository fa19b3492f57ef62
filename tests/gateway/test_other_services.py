"""Gradebook and resources beside the roster: read as the roster is; refused or missing, they do it no harm."""

import pytest

from adapters.gradebook import LineItem, Result
from adapters.records import RecordType
from gateway.check import check
from gateway.faults import ErrorCode
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from tests.gateway.support import ACTIVE, MakeWorld, here, page

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

BEYOND = (
    *(RecordType.CATEGORY, RecordType.LINE_ITEM, RecordType.RESULT, RecordType.SCORE_SCALE),
    *(RecordType.ASSESSMENT_LINE_ITEM, RecordType.ASSESSMENT_RESULT, RecordType.RESOURCE),
)
NAMES = ("categories", "lineItems", "results", "scoreScales", "assessmentLineItems", "assessmentResults", "resources")


async def test_every_collection_beyond_the_roster_is_read(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    reading = made.reading()
    for kind, name in zip(BEYOND, NAMES, strict=True):
        found = await page(reading, kind, where=None, first=1000)
        assert {r.sourced_id for r in found.page.records} == {
            row["sourcedId"] for row in made.servers["a"].published(name)
        }
    assert not reading.outcomes.errors()


async def test_line_items_of_a_class_and_results_of_a_line_item_are_found(world: MakeWorld) -> None:
    made = world(a="standard-1.1")
    reading, district = made.reading(), made.servers["a"].district
    item = next(i for i in district.line_items if i.status == "active")
    [taught] = [
        r for r in (await page(reading, RecordType.CLASS, first=1000)).page.records if r.sourced_id == item.class_id
    ]
    items = await reading.children(here, RecordType.LINE_ITEM, "class_id", taught, ACTIVE)
    assert item.id in {r.sourced_id for r in items or ()}
    [mine] = [r for r in items or () if r.sourced_id == item.id]
    results = await reading.children(here, RecordType.RESULT, "line_item_id", mine, None)
    assert {r.sourced_id for r in results or ()} == {r.id for r in district.results if r.line_item == item.id}


@pytest.mark.parametrize(("kind", "provider"), [("lineItems", "classlink"), ("resources", "skyward")])
async def test_a_service_that_answers_404_is_a_state_and_remembered(world: MakeWorld, kind: str, provider: str) -> None:
    made = world(a=provider)
    wanted = RecordType.LINE_ITEM if kind == "lineItems" else RecordType.RESOURCE
    for _ in range(2):
        reading = made.reading()
        found = await page(reading, wanted)
        assert not found.page.records
        assert not found.page.complete
        assert not reading.outcomes.errors()
        assert made.requests("a") == 1


async def test_a_provider_without_a_gradebook_is_not_asked_for_one(world: MakeWorld) -> None:
    for provider in ("alpha", "ed-fi", "xporter", "infinite-campus-1.2"):
        made = world(a=provider)
        reading = made.reading()
        assert not (await page(reading, RecordType.RESULT)).page.complete
        assert not reading.outcomes.errors()
        assert made.requests("a") == 0


async def test_a_refused_gradebook_leaves_the_roster(world: MakeWorld) -> None:
    scopes = ["roster-core.readonly", "roster.readonly", "roster-demographics.readonly"]
    made = world(a=make_server("standard-1.2", generate(3, 60), scopes=scopes))
    reading = made.reading()
    assert not (await page(reading, RecordType.RESULT)).page.records
    [error] = reading.outcomes.errors()
    assert error.extensions is not None
    assert error.extensions["code"] in (ErrorCode.UPSTREAM_AUTH, ErrorCode.UPSTREAM_FORBIDDEN)
    assert (await page(made.reading())).page.records


async def test_with_listed_schools_the_gradebook_is_that_of_their_classes_and_people(world: MakeWorld) -> None:
    district = generate(3, 120)
    school = district.schools[0].id
    made = world({"a": {"schools": [school]}}, a=make_server("standard-1.2", district))
    classes = {r.sourced_id for r in (await page(made.reading(), RecordType.CLASS, first=5000)).page.records}
    people = {r.sourced_id for r in (await page(made.reading(), RecordType.USER, None, first=5000)).page.records}
    items = (await page(made.reading(), RecordType.LINE_ITEM, first=5000)).page.records
    results = (await page(made.reading(), RecordType.RESULT, first=5000)).page.records
    assert items
    assert results
    assert {r.class_id for r in items if isinstance(r, LineItem)} <= classes
    assert {r.student_id for r in results if isinstance(r, Result)} <= people
    assert {r.line_item_id for r in results if isinstance(r, Result)} <= {r.sourced_id for r in items}
    assert (await page(made.reading(), RecordType.CATEGORY)).page.records


async def test_a_check_takes_a_gradebook_that_is_not_shared_for_no_fault(world: MakeWorld) -> None:
    scopes = ["roster-core.readonly", "roster.readonly", "roster-demographics.readonly"]
    made = world(a=make_server("standard-1.2", generate(3, 60), scopes=scopes))
    [settings] = made.settings.sources
    found = await check(settings, made.connect)
    told = {c.collection.value: c.code for c in found.collections}
    assert told["users"] is None
    assert told["results"] in (ErrorCode.UPSTREAM_AUTH, ErrorCode.UPSTREAM_FORBIDDEN)
    assert found.ok


async def test_a_check_takes_a_roster_that_is_not_shared_for_a_fault(world: MakeWorld) -> None:
    scopes = ["roster-core.readonly", "roster.readonly", "gradebook.readonly"]
    made = world(a=make_server("standard-1.2", generate(3, 60), scopes=scopes))
    [settings] = made.settings.sources
    assert not (await check(settings, made.connect)).ok
