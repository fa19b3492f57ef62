"""A source that was renamed: what clients kept under its former key still names it, and nothing else can."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.access.grant import ALL, Grant
from gateway.config import Settings, from_tables
from gateway.roster.reading import Sources
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

RENAMED: dict[str, dict[str, Any]] = {"a": {"former_keys": ["old", "older"]}}


async def answered(made: World, query: str, **variables: Any) -> Any:
    result = await SCHEMA.execute(query, variables, Context(made.reading()))
    assert result.errors is None
    return result.data


async def test_ids_with_a_former_key_name_the_source_and_its_records(world: MakeWorld) -> None:
    made = world(RENAMED, a="standard-1.2", b="standard-1.2")
    school = made.servers["a"].district.schools[0].id
    data = await answered(
        made,
        """query ($now: ID!, $before: ID!, $own: String!) {
             node(id: $before) { id }
             nodes(ids: [$before, "Source:older", $now]) { id }
             org(id: $before) { id source { key } }
             own: org(source: "Source:old", sourcedId: $own) { id }
             source(id: "older") { id key }
             sources(filter: { keys: ["old"] }) { nodes { key } }
           }""",
        now=f"Org:a:{school}",
        before=f"Org:old:{school}",
        own=school,
    )
    now = {"id": f"Org:a:{school}"}
    assert data["node"] == data["own"] == now
    assert data["nodes"] == [now, {"id": "Source:a"}, now]
    assert data["org"] == {**now, "source": {"key": "a"}}
    assert data["source"] == {"id": "Source:a", "key": "a"}
    assert data["sources"]["nodes"] == [{"key": "a"}]


async def test_lists_take_former_keys_and_ask_a_source_once_however_it_is_named(world: MakeWorld) -> None:
    made = world(RENAMED, a="standard-1.2", b="standard-1.2")
    district = made.servers["a"].district
    data = await answered(
        made,
        """{ renamed: orgs(sources: ["old", "a", "Source:older"], status: null) { totalCount }
             now: orgs(sources: ["a"], status: null) { totalCount } }""",
    )
    assert data["renamed"]["totalCount"] == data["now"]["totalCount"] == len(district.orgs)
    assert made.requests("b") == 0


async def test_filters_by_ids_with_a_former_key_find_what_they_found(world: MakeWorld) -> None:
    made = world(RENAMED, a="standard-1.2", b="standard-1.2")
    district = made.servers["a"].district
    school = next(s for s in district.schools if district.classes_of_school(s.id))
    data = await answered(
        made,
        """query ($id: ID!) {
             classes(filter: { school: { eq: $id } }, status: null, first: 1000) { nodes { sourcedId } }
             others: classes(filter: { not: { school: { eq: $id } } }, sources: ["a"], status: null) { totalCount }
           }""",
        id=f"Org:old:{school.id}",
    )
    there = {c.id for c in district.classes_of_school(school.id)}
    assert {row["sourcedId"] for row in data["classes"]["nodes"]} == there
    assert data["others"]["totalCount"] == len(district.classes) - len(there)
    assert made.requests("b") == 0


async def test_a_former_key_opens_nothing_that_the_grant_does_not(world: MakeWorld) -> None:
    made = world(RENAMED, a="standard-1.2", b="standard-1.2")
    school = made.servers["a"].district.schools[0].id
    query = 'query ($own: String!) { source(id: "old") { key } org(source: "old", sourcedId: $own) { id } }'
    for grant, expected in ((Grant({"b": ALL, "old": ALL}), None), (Grant({"a": ALL}), {"key": "a"})):
        result = await SCHEMA.execute(query, {"own": school}, Context(made.reading(grant)))
        assert result.data is not None
        assert result.data["source"] == expected
        assert result.data["org"] == (expected and {"id": f"Org:a:{school}"})


async def test_the_key_of_a_misconfigured_source_is_as_good(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    wrong = settings_of({"key": "b", "former_keys": ["old"], "timezone": "Nowhere"})
    made.sources = Sources.open(wrong, made.connect)
    data = await answered(made, '{ source(id: "old") { key state } }')
    assert data["source"] == {"key": "b", "state": "MISCONFIGURED"}


def settings_of(*sources: dict[str, Any]) -> Settings:
    good = {"provider": "classlink", "base_url": "https://x.example", "client_id": "id", "client_secret": "canary"}
    given = [{**good, **tables} for tables in sources]
    return from_tables({"sources": [{k: v for k, v in t.items() if v is not None} for t in given]}, {})


@pytest.mark.parametrize(
    ("sources", "left", "path", "problem"),
    [
        (
            [{"key": "a", "former_keys": ["b"]}, {"key": "b"}],
            ["b"],
            "sources[1] (a).former_keys",
            "this is the key of sources[2] (b) in settings",
        ),
        (
            [{"key": "a", "former_keys": ["a"]}, {"key": "b"}],
            ["b"],
            "sources[1] (a).former_keys",
            "this is the key of sources[1] (a) in settings",
        ),
        (
            [{"key": "a", "former_keys": ["x"]}, {"key": "b", "former_keys": ["x"]}, {"key": "c"}],
            ["c"],
            "sources[1] (a).former_keys",
            "this former key is claimed by sources[2] (b) in settings too",
        ),
    ],
)
def test_a_former_key_that_could_mean_two_sources_is_refused(
    sources: list[dict[str, Any]], left: list[str], path: str, problem: str
) -> None:
    settings = settings_of(*sources)
    assert [s.key for s in settings.sources] == left
    first = settings.misconfigured[0]
    assert (first.mistakes[0].path, first.mistakes[0].problem) == (path, problem)
    assert all(m.former_keys == () for m in settings.misconfigured)


def test_a_former_key_is_spelled_as_keys_are() -> None:
    (broken,) = settings_of({"key": "a", "former_keys": ["Old Town"]}).misconfigured
    assert "entry 1" in broken.mistakes[0].problem
