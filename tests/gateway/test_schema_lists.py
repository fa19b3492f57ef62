"""Orders, directions, filter text and search, asked of the graph and held against what the districts know."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.sandbox.truth import ACTIVE
from tests.gateway.support import MakeWorld, World
from tests.gateway.test_schema_reading import answered, ask

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

KINDS = {"a": "standard-1.2", "b": "classlink", "c": "xporter"}


def people(made: World) -> list[tuple[str, Any]]:
    return [
        (key, user)
        for key, server in made.servers.items()
        for user in sorted(server.district.users, key=lambda u: u.id)
        if user.status == ACTIVE
    ]


async def walk(made: World, arguments: str, forward: bool = True, size: int = 17) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    cursor = None
    words = "first: $size, after: $cursor" if forward else "last: $size, before: $cursor"
    query = f"""query($size: Int, $cursor: String) {{ users({arguments} {words}) {{
        pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
        nodes {{ sourcedId source {{ key }} }}
    }} }}"""
    while True:
        page = (await answered(made, query, size=size, cursor=cursor))["users"]
        rows = [(row["source"]["key"], row["sourcedId"]) for row in page["nodes"]]
        found = found + rows if forward else rows + found
        info = page["pageInfo"]
        assert info["hasPreviousPage" if forward else "hasNextPage"] is (cursor is not None)
        if not info["hasNextPage" if forward else "hasPreviousPage"]:
            return found
        cursor = info["endCursor" if forward else "startCursor"]


@pytest.mark.parametrize("forward", [True, False])
async def test_a_walk_shows_everybody_once_in_order_either_way(world: MakeWorld, forward: bool) -> None:
    made = world(a="standard-1.2", b="classlink")
    by_name = sorted(people(made), key=lambda p: (p[0], p[1].id))
    by_name.sort(key=lambda p: p[1].given.casefold(), reverse=True)
    by_name.sort(key=lambda p: p[1].family.casefold())
    found = await walk(made, "orderBy: [{ field: FAMILY_NAME }, { field: GIVEN_NAME, direction: DESC }]", forward)
    assert found == [(key, user.id) for key, user in by_name]


async def test_without_an_order_a_walk_goes_source_by_source_either_way(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="classlink")
    wanted = [(key, user.id) for key, user in people(made)]
    assert await walk(made, "") == wanted
    assert await walk(made, "", forward=False) == wanted


async def test_only_the_sources_that_a_page_needs_are_asked(world: MakeWorld) -> None:
    made = world(**KINDS)
    await answered(made, "{ users(first: 5) { nodes { sourcedId } } }")
    assert [made.requests(key) for key in KINDS] == [1, 0, 0]
    await answered(made, "{ users(first: 5) { totalCount } }")
    assert all(made.requests(key) for key in KINDS)


async def test_everybody_without_a_value_comes_last_either_way(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    for direction in ("ASC", "DESC"):
        query = (
            f"{{ users(first: 10000, orderBy: [{{ field: EMAIL, direction: {direction} }}]) {{ nodes {{ email }} }} }}"
        )
        emails = [row["email"] for row in (await answered(made, query))["users"]["nodes"]]
        silent = [email is None for email in emails]
        assert silent == sorted(silent)
        assert any(silent)
        said = [email.casefold() for email in emails if email is not None]
        assert said == sorted(said, reverse=direction == "DESC")


async def test_a_relation_is_ordered_and_walked_backwards_too(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    query = """query($last: Int, $before: String) { orgs(filter: { type: { eq: SCHOOL } }, first: 1) { nodes {
        whole: classes(first: 10000, orderBy: { field: TITLE, direction: DESC }) { nodes { sourcedId title } }
        classes(last: $last, before: $before, orderBy: { field: TITLE, direction: DESC }) {
            totalCount pageInfo { hasPreviousPage startCursor } nodes { sourcedId }
        }
    } } }"""
    found: list[str] = []
    before = None
    while True:
        [school] = (await answered(made, query, last=3, before=before))["orgs"]["nodes"]
        found = [row["sourcedId"] for row in school["classes"]["nodes"]] + found
        if not school["classes"]["pageInfo"]["hasPreviousPage"]:
            break
        before = school["classes"]["pageInfo"]["startCursor"]
    assert found == [row["sourcedId"] for row in school["whole"]["nodes"]]
    assert len(found) == school["classes"]["totalCount"] > 3
    titles = [row["title"].casefold() for row in school["whole"]["nodes"]]
    assert titles == sorted(titles, reverse=True)


async def test_filter_text_speaks_the_words_of_either_version(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="classlink")
    [(key, user), *_] = [p for p in people(made) if p[1].role == "student"]
    text = f"familyName='{user.family}' AND role='student' OR sourcedId='nobody'"
    query = "query($text: String) { users(first: 10000, filterText: $text) { nodes { sourcedId source { key } } } }"
    rows = (await answered(made, query, text=text))["users"]["nodes"]
    assert {(r["source"]["key"], r["sourcedId"]) for r in rows} == {
        (k, u.id) for k, u in people(made) if u.family == user.family and u.role == "student"
    }
    assert (key, user.id) in {(r["source"]["key"], r["sourcedId"]) for r in rows}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("familyName=Okonski", "filterText: expected field, operator and a value in single quotes at position 0"),
        ("status='active' XOR role='student'", "expected AND or OR between blanks at position 15"),
        ("status='active' AND shoeSize='42'", "shoeSize is no field of users to filter by at position 20"),
        ("role='king'", "is not one of"),
    ],
)
async def test_filter_text_that_is_none_is_told_where(world: MakeWorld, text: str, told: str) -> None:
    made = world(a="standard-1.2")
    data, [error], _ = await ask(made, "query($t: String) { users(filterText: $t) { complete } }", t=text)
    assert data["users"] is None
    assert error["extensions"]["code"] == "BAD_FILTER_TEXT"
    assert told in error["message"]
    assert made.requests("a") == 0


async def test_search_looks_for_every_word_in_any_name(world: MakeWorld) -> None:
    made = world(**KINDS)
    _, user = people(made)[3]
    words = [user.given[:4].upper(), user.family[-3:]]
    query = "query($words: String) { users(first: 10000, search: $words) { nodes { sourcedId source { key } } } }"
    rows = (await answered(made, query, words="  ".join(words)))["users"]["nodes"]

    def holds(one: Any) -> bool:
        names = [name.casefold() for name in (one.given, one.middle, one.family) if name]
        return all(any(word.casefold() in name for name in names) for word in words)

    wanted = {(key, one.id) for key, one in people(made) if holds(one)}
    assert {(r["source"]["key"], r["sourcedId"]) for r in rows} == wanted
    assert wanted


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("first: 3, last: 3", "last: goes with `before` alone"),
        ('last: 3, after: "x"', "last: goes with `before` alone"),
        ('before: "x"', "before: goes with `last`"),
        ("last: -1", "last: -1 is out of bounds"),
        ('search: " "', "search: there is no word"),
    ],
)
async def test_arguments_that_cannot_be_meant_are_refused(world: MakeWorld, arguments: str, told: str) -> None:
    made = world(a="standard-1.2")
    _, [error], _ = await ask(made, f"{{ users({arguments}) {{ complete }} }}")
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert told in error["message"]


async def test_the_list_of_sources_goes_both_ways(world: MakeWorld) -> None:
    made = world(**KINDS)
    query = """query($last: Int, $before: String) { sources(last: $last, before: $before) {
        pageInfo { hasNextPage hasPreviousPage startCursor } nodes { key } } }"""
    page = (await answered(made, query, last=2))["sources"]
    assert [s["key"] for s in page["nodes"]] == ["b", "c"]
    assert (page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"]) == (True, False)
    page = (await answered(made, query, last=2, before=page["pageInfo"]["startCursor"]))["sources"]
    assert [s["key"] for s in page["nodes"]] == ["a"]
    assert (page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"]) == (False, True)
