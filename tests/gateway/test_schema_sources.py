"""What a source tells of itself: its current session, names declared for its metadata, what it can do."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import pytest

from adapters.dialect import Capabilities
from gateway.sandbox.truth import ACTIVE, DELETED, District, Session
from tests.gateway.support import MakeWorld
from tests.gateway.test_schema_reading import answered, ask

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

KINDS = ["standard-1.2", "classlink"]
NAMES = {"metadata": {"room": {"key": "seats", "class": "RAW"}, "day": {"key": "rotation.day", "class": "RAW"}}}


def current(district: District, day: date, kind: str | None = None) -> Session | None:
    holding = [
        s
        for s in district.sessions
        if s.status == ACTIVE and s.first_day <= day <= s.last_day and kind in (None, s.type)
    ]
    return min(holding, key=lambda s: (s.last_day - s.first_day, s.id), default=None)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_current_session_is_the_shortest_that_holds_the_day(world: MakeWorld, kind: str) -> None:
    made = world(a=kind)
    district = made.servers["a"].district
    published = {row["sourcedId"]: row["type"] for row in made.servers["a"].published("academicSessions")}
    query = """query($on: Day) { source(id: "a") {
        any: currentSession(on: $on) { sourcedId }
        year: currentSession(on: $on, type: SCHOOL_YEAR) { sourcedId }
    } }"""
    days = {d + timedelta(n) for s in district.sessions for d in (s.first_day, s.last_day) for n in (-1, 0, 1)}
    seen = set()
    for day in sorted(days):
        found = (await answered(made, query, on=day.isoformat()))["source"]
        for name, wanted in (("any", current(district, day)), ("year", current(district, day, "schoolYear"))):
            assert (found[name] or {}).get("sourcedId") == (wanted.id if wanted is not None else None)
            if wanted is not None:
                seen.add(published[wanted.id])
    assert len(seen) > 1
    assert made.requests("a") == 1


async def test_a_deleted_session_is_no_current_one_and_today_is_the_default(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    [source] = made.sources
    today = date.fromisoformat(source.today)
    district = made.servers["a"].district
    for session in list(district.sessions):
        district.update(session, status=DELETED, first_day=today, last_day=today)
    query = '{ source(id: "a") { currentSession { sourcedId } null: currentSession(on: null) { sourcedId } } }'
    assert (await answered(made, query))["source"] == {"currentSession": None, "null": None}
    made = world(a=made.servers["a"])
    kept = district.update(district.sessions[0], status=ACTIVE)
    found = (await answered(made, query))["source"]
    assert found == {"currentSession": {"sourcedId": kept.id}, "null": {"sourcedId": kept.id}}


async def test_sessions_that_could_not_be_read_are_told_of(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="standard-1.2")
    made.servers["b"].down = True
    data, [error], _ = await ask(made, "{ sources { nodes { key currentSession { sourcedId } } } }")
    assert [node["key"] for node in data["sources"]["nodes"]] == ["a", "b"]
    assert data["sources"]["nodes"][1]["currentSession"] is None
    assert (error["extensions"]["source"], error["path"][:2]) == ("b", ["sources", "nodes"])


async def test_declared_names_stand_for_keys_of_the_metadata(world: MakeWorld) -> None:
    made = world({"a": NAMES}, a="standard-1.2", b="classlink")
    query = """{ sources { nodes { key metadataNames } }
        classes(first: 10000) { nodes { source { key } metadata
            room: metadataValue(name: "room") day: metadataValue(name: "day") seats: metadataValue(name: "seats") } }
        some: classes(first: 10000, filter: { metadata: { name: "room", value: { eq: "30" } } }) { totalCount } }"""
    data = await answered(made, query)
    assert [(node["key"], node["metadataNames"]) for node in data["sources"]["nodes"]] == [
        ("a", ["day", "room"]),
        ("b", []),
    ]
    found: list[tuple[str, Any, Any]] = []
    for node in data["classes"]["nodes"]:
        known = (node["metadata"] or {}) if node["source"]["key"] == "a" else {}
        assert (node["room"], node["day"], node["seats"]) == (known.get("seats"), known.get("rotation.day"), None)
        found += [(node["source"]["key"], node["room"], node["day"])] if node["room"] is not None else []
    assert {key for key, _, _ in found} == {"a"}
    assert {(room, day) for _, room, day in found} == {(30, "A")}
    assert len(found) == data["some"]["totalCount"]


async def test_capabilities_are_those_of_the_provider_as_the_settings_change_them(world: MakeWorld) -> None:
    measured = {"capabilities": {"max_limit": 77, "filter_operators": ["=", ">="], "end_date_inclusive": True}}
    made = world({"a": measured, "c": {"enabled": False}}, a="standard-1.2", b="xporter", c="standard-1.2")
    nodes = (await answered(made, "{ sources { nodes { key capabilities } } }"))["sources"]["nodes"]
    can = {node["key"]: node["capabilities"] for node in nodes}
    assert can["a"].keys() == can["b"].keys() == {f.name for f in fields(Capabilities)}
    assert (can["a"]["max_limit"], can["a"]["filter_operators"]) == (77, ["=", ">="])
    assert can["a"]["end_date_inclusive"] is True
    assert can["b"]["end_date_inclusive"] is False
    assert can["c"] is None
    assert all(made.requests(key) == 0 for key in ("a", "b"))
