"""Grades as CEDS codes, asked of the graph; the district spells them as it likes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from gateway.sandbox.truth import ACTIVE, District
from tests.gateway.support import MakeWorld, World
from tests.gateway.test_schema_reading import answered

pytestmark = pytest.mark.anyio

SPELLED = {
    "K": "KG",
    "Pre-K": "PK",
    "1st": "01",
    "Grade 9": "09",
    "9": "09",
    "10": "10",
    "Year 8": "Year 8",
    "-1": "-1",
}
KINDS = ["standard-1.2", "classlink"]


def spelled(world: MakeWorld, kind: str) -> tuple[World, District]:
    made = world(a=kind)
    district = made.servers["a"].district
    words = list(SPELLED)
    for records in (district.users, district.classes, district.courses):
        for number, record in enumerate(list(records)):  # type: ignore[var-annotated, arg-type]
            district.update(record, grades=(words[number % len(words)],))
    return made, district


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["users", "classes", "courses"])
async def test_grades_are_codes_beside_the_words_of_the_source(world: MakeWorld, kind: str, name: str) -> None:
    made, _ = spelled(world, kind)
    published = {row["sourcedId"]: row.get("grades") or [] for row in made.servers["a"].published(name)}
    rows = await answered(
        made, f"{{ {name}(first: 10000, status: null) {{ nodes {{ sourcedId grades gradesRaw }} }} }}"
    )
    rows = rows[name]["nodes"]
    assert {row["sourcedId"]: row["gradesRaw"] for row in rows} == published
    assert all(row["grades"] == [SPELLED[word] for word in row["gradesRaw"]] for row in rows)
    assert {word for row in rows for word in row["gradesRaw"]} == set(SPELLED)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "arguments",
    ['filter: { grades: { has: "09" } }', "filterText: \"grades='Grade 9'\"", "filterText: \"grades='09'\""],
)
async def test_a_filter_speaks_the_codes_and_is_not_sent(world: MakeWorld, kind: str, arguments: str) -> None:
    made, district = spelled(world, kind)
    rows = (await answered(made, f"{{ classes(first: 10000, {arguments}) {{ nodes {{ sourcedId }} }} }}"))["classes"]
    wanted = {c.id for c in district.classes if c.status == ACTIVE and SPELLED[c.grades[0]] == "09"}
    assert {row["sourcedId"] for row in rows["nodes"]} == wanted
    assert {c.grades[0] for c in district.classes if c.id in wanted} == {"9", "Grade 9"}


async def test_groups_are_by_code(world: MakeWorld) -> None:
    made, district = spelled(world, "standard-1.2")
    query = """{ users(filter: { role: { eq: STUDENT } }, first: 0) { groups(by: [GRADE]) {
        count suppressed keys { value } } } }"""
    groups: list[Any] = (await answered(made, query))["users"]["groups"]
    students = [u for u in district.users if u.status == ACTIVE and u.has("student")]
    counts = Counter(SPELLED[u.grades[0]] for u in students)
    told = {group["keys"][0]["value"]: group["count"] for group in groups if not group["suppressed"]}
    assert told.items() <= counts.items()
    assert told["09"] == counts["09"] >= 10
