"""Documents that are made to cost: refused by their size, before any work, with little CPU whatever they are."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import FrameType
from typing import Any

import httpx2
import pytest
from graphql import get_introspection_query

from gateway.app import build
from gateway.config import HttpSettings, load
from gateway.faults import ErrorCode
from gateway.limits import DocumentLimits, Exceeded, nested, read
from gateway.schema import SCHEMA
from tests.gateway.support import MakeWorld

pytestmark = pytest.mark.anyio

LIMITS = DocumentLimits()
BOUNDED = SCHEMA.bounded(LIMITS, introspection=True)
CLOSED = SCHEMA.bounded(LIMITS, introspection=False)

WITHIN = 400_000
"""Calls of functions in which a document is taken or refused: a tenth of a second of CPU on a slow machine."""


def fan_out(levels: int, each: str, leaf: str = "__typename", on: str = "Query") -> str:
    spreads = (f"fragment F{n} on {on} {{ {each.replace('NEXT', f'...F{n + 1}')} }}" for n in range(levels))
    return f"{{ ...F0 }} {' '.join(spreads)} fragment F{levels} on {on} {{ {leaf} }}"


def calls(work: Callable[[], object]) -> int:
    """How many functions are called: CPU as no other work on the machine changes it."""
    count = 0

    def count_it(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(count_it)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def refusal(text: str) -> tuple[str, int]:
    """The code of the one error with which a document is refused, and the calls that it took. Read by nobody before."""
    documents = SCHEMA.bounded(LIMITS, introspection=True).documents
    took = calls(lambda: documents.read(text))
    [error] = documents.read(text).errors
    return (error.extensions or {}).get("code", "GRAPHQL"), took


def through_two_types(n: int) -> str:
    levels = (
        f"fragment U{k} on User {{ enrollments {{ ...E{k} ...E{k} }} }} "
        f"fragment E{k} on Enrollment {{ user {{ ...U{k + 1} ...U{k + 1} }} }}"
        for k in range(n)
    )
    return f"{{ users {{ nodes {{ ...U0 }} }} }} {' '.join(levels)} fragment U{n} on User {{ id }}"


def overlapping(n: int) -> str:
    made = " ".join(f"fragment O{k} on User {{ id enrollments {{ id class {{ id }} }} }}" for k in range(n))
    return f"{{ users {{ nodes {{ {' '.join(f'...O{k}' for k in range(n))} }} }} }} {made}"


def aliases(name: str, n: int) -> str:
    return " ".join(f"{name}{k}: id" for k in range(n))


def tower(n: int, up: str, down: str, top: str = "") -> str:
    return up * n + top + down * n


TYPES_OF = ("fields { type { ", "} }")

HOSTILE: Mapping[str, Callable[[int], str]] = {
    "B01-each-fragment-spreads-the-next-twice": lambda n: fan_out(min(24, 4 + n), "NEXT NEXT"),
    "B02-with-aliases": lambda n: fan_out(min(24, 4 + n), "a: users { b: totalCount } NEXT NEXT"),
    "B02-through-two-types": lambda n: through_two_types(min(12, 3 + n)),
    "B02-overlapping-fragments": lambda n: overlapping(20 + 2 * n),
    "B03-one-field": lambda n: "{ users { " + "totalCount " * (50 * n) + "} }",
    "B03-one-object": lambda n: "{ " + "users { totalCount } " * (20 * n) + "}",
    "B03-nested-repeats": lambda n: "{ " + ("users { " + "nodes { id } " * (10 + n) + "} ") * 10 + "}",
    "B04-aliases": lambda n: f"{{ users {{ nodes {{ {aliases('a', 30 + n)} }} }} }}",
    "B04-aliases-hidden-in-fragments": lambda n: "{ users { nodes { ...A ...B } } } "
    + "".join(f"fragment {name} on User {{ {aliases(name, 15 + n)} }}" for name in "AB"),
    "B05-directives": lambda n: "{ __typename " + "@wanted " * (20 + 10 * n) + "}",
    "B06-depth": lambda n: f"{{ users {{ nodes {{ {tower(5 + n, 'enrollments { user { ', '} } ', 'id ')} }} }} }}",
    "B06-fields-in-fields": lambda n: f"{{ {tower(100 * n, 'a { ', '} ', 'b ')} }}",
    "B06-a-list-in-a-list": lambda n: f"{{ users(first: {tower(30 + 50 * n, '[', ']')}) {{ totalCount }} }}",
    "B06-an-object-in-an-object": lambda n: f"{{ users(filter: {tower(30 + 50 * n, '{ a: ', ' }', '1')}) {{ id }} }}",
    "B07-the-schema-in-a-circle": lambda n: f"{{ __schema {{ types {{ {tower(10 + n, *TYPES_OF, 'name')} }} }} }}",
    "B08-comments": lambda n: "#\n" * (1000 * n) + "{ __typename }",
    "B08-a-string": lambda n: '{ users(search: "' + "x" * (33_000 * n) + '") { totalCount } }',
}  # fmt: skip
"""Documents by what they do, each the larger the greater the number. The smallest is too large already."""


@pytest.mark.parametrize("size", [1, 3, 10, 30, 100])
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_document_is_refused_before_it_costs_anything(kind: str, size: int) -> None:
    code, took = refusal(HOSTILE[kind](size))
    assert code == ErrorCode.DOCUMENT_LIMIT
    assert took < WITHIN


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_document_a_hundred_times_as_hostile_costs_no_more_than_its_length(kind: str) -> None:
    """What is refused may have to be read, so its length counts; no power of it does."""
    small, large = HOSTILE[kind](1), HOSTILE[kind](100)
    longer = len(large) / len(small)
    assert refusal(large)[1] < 2 * longer * refusal(small)[1]


@pytest.mark.parametrize("count", [10, 100])
def test_B05_directives_that_nobody_knows_are_one_error(count: int) -> None:
    code, took = refusal("{ __typename " + "@wanted " * min(count, 20) + "}")
    assert (code, took < WITHIN) == ("GRAPHQL", True)
    assert refusal("{ __typename " + "@wanted " * 100 + "}")[0] == ErrorCode.DOCUMENT_LIMIT


@pytest.mark.parametrize("around", [1, 2, 20])
def test_B06_fragments_in_a_circle_are_one_error(around: int) -> None:
    ring = " ".join(f"fragment F{n} on Query {{ __typename ...F{(n + 1) % around} }}" for n in range(around))
    code, took = refusal(f"{{ ...F0 }} {ring}")
    assert (code, took < WITHIN) == ("GRAPHQL", True)


def test_what_validation_has_to_look_at_within_the_limits_is_read_within_them() -> None:
    """The worst that the limits let through, as far as we know."""
    worst = [
        "{ users { nodes { " + " ".join(f"givenNam{n}" for n in range(900)) + " } } }",
        "{ users(" + " ".join(f"a{n}: 1" for n in range(300)) + ") { totalCount } }",
        "{ users(" + "first: 1 " * 300 + ") { totalCount } }",
        "{ users { nodes { "
        + " ".join(f"...F{n}" for n in range(10))
        + " } } } "
        + " ".join(
            f"fragment F{n} on User {{ id sourcedId givenName familyName enrollments {{ id role class {{ id }} }} }}"
            for n in range(10)
        ),
    ]
    for text in worst:
        documents = SCHEMA.bounded(LIMITS, introspection=True).documents
        assert calls(functools.partial(documents.read, text)) < WITHIN, text[:60]


WRONG_FIELDS = "{ users { nodes { " + " ".join(f"wrong{n}" for n in range(500)) + " } } }"
BY_FILTER = "query($filter: UserFilter) { users(filter: $filter) { totalCount } }"


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        (WRONG_FIELDS, {}, ErrorCode.GRAPHQL_VALIDATION_FAILED),
        (BY_FILTER, {"filter": {f"wrong{n}": 1 for n in range(500)}}, ErrorCode.BAD_USER_INPUT),
    ],
)
async def test_at_most_twenty_errors_are_told_of_an_operation_that_is_not_executed(
    query: str, variables: dict[str, Any], code: ErrorCode
) -> None:
    errors = (await BOUNDED.execute(query, variables)).errors or []
    assert len(errors) == 20
    assert errors[-1].message == "there are more errors, which are not told"
    assert {(error.extensions or {})["code"] for error in errors} == {code}


SCHEMA_3 = "{ __schema { a { b { c } } } }"
TWO = "fragment F on __Type { c d }"


@pytest.mark.parametrize(
    ("limit", "inside", "outside", "words"),
    [
        ("characters", "{ __typename }" + " " * 86, "{ __typename }" + " " * 87, "101 characters; 100 are the most"),
        ("tokens", "{" + "a " * 98 + "}", "{" + "a " * 99 + "}", "more than 100 tokens"),
        ("depth", "{ a { b { c } } }", "{ a { b { c { d } } } }", "4 levels; 3 are the most"),
        ("root_fields", "{ a b c }", "{ a b ...F } fragment F on Query { c d }", "4 fields at its root; 3"),
        ("aliases", "{ x: a y: b z: c }", "{ x: a { y: b } ...F } fragment F on Q { z: c w: d }", "4 aliases; 3"),
        ("directives", "{ a @x @x b @x }", "{ a @x @x ... @x { b @x } }", "4 directives; 3"),
        ("fragments", "{ a }" + "fragment F on Q { a }" * 3, "{ a }" + "fragment F on Q { a }" * 4, "4 fragments; 3"),
        ("variables", "query($a: A $b: A $c: A) { a }", "query($a: A $b: A $c: A $d: A) { a }", "4 variables; 3"),
        ("repeats", "{ a { b } a { b b } }", "{ a { b b } ...F } fragment F on Q { a { b b } }", "4 times `a.b`; 3"),
        ("fields", "{ a { b c } }", "{ a { b ...F } } fragment F on Q { c d }", "4 fields; 3"),
        ("nesting", "{ a(b: [[{ c: 1 }]]) }", "{ a(b: [[{ c: [] }]]) }", "4 lists and objects within one another"),
        ("introspection_depth", SCHEMA_3, SCHEMA_3.replace(" c ", " ...F ") + TWO.replace("d", "{ d }"), "4 levels of"),
        ("introspection_fields", "{ __type { a b c } }", "{ __type { a b ...F } }" + TWO, "4 fields of the schema; 3"),
    ],
)  # fmt: skip
def test_each_limit_lets_through_what_it_allows_and_names_what_is_more(
    limit: str, inside: str, outside: str, words: str
) -> None:
    wide = DocumentLimits(repeats=1000, root_fields=1000)
    limits = replace(wide, **{limit: 100 if limit in ("characters", "tokens") else 3})
    read(inside, limits)
    with pytest.raises(Exceeded, match=words):
        read(outside, limits)


def test_what_tools_ask_of_a_schema_is_within_the_limits() -> None:
    asked = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )
    assert BOUNDED.documents.read(asked).errors == ()


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { types { name } } }",
        '{ __type(name: "User") { name } }',
        "{ user { givenNam } }",
        "{ usrs { id } }",
    ],
)
def test_B07_where_the_schema_may_not_be_asked_for_errors_tell_nothing_of_it(text: str) -> None:
    found = CLOSED.documents.read(text)
    assert {error.message for error in found.errors} == {"the document does not fit the schema"}
    assert all(error.locations for error in found.errors)
    assert CLOSED.documents.read("{ __typename users { nodes { __typename } } }").errors == ()


@pytest.mark.parametrize(
    ("value", "deep"),
    [(None, 0), (1, 0), ({}, 1), ({"a": 1, "b": []}, 2), ({"a": [[1]]}, 3), ({"a": {"b": {"c": []}}}, 4)],
)
def test_how_deep_a_value_is_nested_is_told_at_its_limit(value: Any, deep: int) -> None:
    assert not nested(value, deep)
    assert not deep or nested(value, deep - 1)


def test_limits_are_settings_and_their_mistakes_are_told(tmp_path: Any) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text("[limits]\ndepth = 5\ntokens = 300\n\n[http]\nintrospection = false\n")
    settings = load(file)
    assert (settings.limits, settings.http) == (DocumentLimits(depth=5, tokens=300), HttpSettings(introspection=False))
    file.write_text("[limits]\ndepht = 5\ntokens = 0\n")
    with pytest.raises(Exception, match=r"limits\.depht(.|\n)*limits\.tokens"):
        load(file)


CONDITION = {"familyName": {"contains": "x"}}


@pytest.mark.parametrize(
    ("variables", "code", "told"),
    [
        ({"f": {"or": [CONDITION] * 100}}, None, ""),
        ({"f": {"or": [CONDITION] * 101}}, "BAD_USER_INPUT", "by 100 conditions at most, not 101"),
        ({"f": {"not": {"or": [{"or": [CONDITION] * 60}, {"and": [CONDITION] * 60}]}}}, "BAD_USER_INPUT", "not 120"),
        ({"f": {"or": [CONDITION] * 300}}, "BAD_USER_INPUT", "`variables` have 601 objects; 500 are the most"),
        ({"f": {"familyName": {"in": [str(n) for n in range(10_000)]}}}, None, ""),
        ({"t": " OR ".join(["familyName='x'"] * 5_000)}, "BAD_USER_INPUT", "not 5,000"),
        ({"s": " ".join(map(str, range(20_000)))}, "BAD_USER_INPUT", "conditions at most"),
        ({"o": [{"field": "FAMILY_NAME"}] * 101}, "BAD_USER_INPUT", "not 101"),
    ],
    ids=["100", "101", "nested", "objects", "one-of-many", "filterText", "search", "orderBy"],
)
async def test_a_list_is_sought_by_so_many_conditions_and_nobody_is_asked_for_more(
    world: MakeWorld, variables: dict[str, Any], code: str | None, told: str
) -> None:
    """Each is held against every record: a request of 250 kB took the whole process for seconds."""
    made = world(a="standard-1.2")
    query = (
        "query($f: UserFilter, $t: String, $s: String, $o: [UserOrder!]) "
        "{ users(filter: $f, filterText: $t, search: $s, orderBy: $o) { totalCount } }"
    )
    app = build(made.settings, made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
        answer = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    if code is None:
        assert "errors" not in answer
    else:
        [error] = answer["errors"]
        assert (error["extensions"]["code"], told in error["message"]) == (code, True)
        assert not +made.servers["a"].requests
    await app.state.sources.close()


async def test_limits_hold_over_http(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    settings = replace(made.settings, limits=DocumentLimits(depth=3), http=HttpSettings(introspection=False))
    app = build(settings, made.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:

        async def errors(**body: Any) -> list[dict[str, Any]]:
            answer = await client.post("/graphql", json=body, headers={"accept": "application/graphql-response+json"})
            assert answer.status_code == 400
            return list(answer.json()["errors"])

        [deep] = await errors(query="{ users { nodes { enrollments { id } } } }")
        assert deep["extensions"] == {"code": "DOCUMENT_LIMIT", "retryable": False}
        assert deep["message"] == "the document has 4 levels; 3 are the most"
        [asked] = await errors(query="{ __schema { types { name } } }")
        assert asked["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        value: Any = []
        for _ in range(40):
            value = [value]
        query = "query($filter: UserFilter) { users(filter: $filter) { totalCount } }"
        [variables] = await errors(query=query, variables={"filter": value})
        assert variables["message"] == "`variables` are nested deeper than 30 levels"
    assert not made.servers["a"].requests
    await app.state.sources.close()
