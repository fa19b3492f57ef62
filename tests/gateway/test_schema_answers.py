"""What an answer says beside its data: outcomes of sources, codes of errors, and nothing of our own mistakes' words."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import strawberry

from gateway.roster.outcomes import LONGEST_LIST
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from gateway.schema import SCHEMA, Schema
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld, World

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]


async def ask(made: World, query: str, schema: Schema = SCHEMA, **variables: Any) -> tuple[Any, list[Any], Any]:
    """data, errors, extensions."""
    result = await schema.execute(query, variables, Context(made.reading()))
    return result.data, [e.formatted for e in result.errors or ()], result.extensions


async def test_a_source_that_is_down_costs_one_entry_that_names_it(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="classlink")
    made.servers["b"].down = True
    data, [error], extra = await ask(
        made,
        """{
          people: users(first: 5) {
            complete
            totalCount
            nodes { source { key } }
            sources { source { key } state code retryAfter rowsHere rejected }
            all: sources(state: [FRESH, FAILED]) { source { key } state rowsHere }
          }
        }""",
    )
    people = data["people"]
    assert people["complete"] is False
    assert people["totalCount"] is None
    assert [row["source"]["key"] for row in people["nodes"]] == ["a"] * 5
    [report] = people["sources"]
    assert report == {
        "source": {"key": "b"},
        "state": "FAILED",
        "code": "UPSTREAM_FAILING",
        "retryAfter": None,
        "rowsHere": None,
        "rejected": 0,
    }
    assert {(r["source"]["key"], r["state"], r["rowsHere"]) for r in people["all"]} == {
        ("a", "FRESH", 5),
        ("b", "FAILED", None),
    }
    assert error["path"] == ["people"]
    assert error["locations"] == [{"line": 2, "column": 11}]
    assert error["extensions"] == {"code": "UPSTREAM_FAILING", "retryable": True, "source": "b"}
    assert extra["sources"]["counts"] == {"FRESH": 1, "FAILED": 1}
    assert [s["source"] for s in extra["sources"]["notFresh"]] == ["b"]


async def test_each_field_has_its_own_entry_and_its_siblings_stand(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    made.servers["a"].down = True
    data, errors, _ = await ask(made, '{ users { nodes { id } } orgs { nodes { id } } node(id: "Org:a:1") { id } }')
    assert data == {"users": {"nodes": []}, "orgs": {"nodes": []}, "node": None}
    assert sorted(e["path"][0] for e in errors) == ["node", "orgs", "users"]


async def test_accept_says_nothing_and_fail_gives_nothing(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="classlink")
    made.servers["b"].down = True
    data, [error], _ = await ask(
        made,
        """{
          accepted: users(first: 10000, read: { onSourceFailure: ACCEPT }) { complete nodes { id } }
          failed: users(first: 10000, read: { onSourceFailure: FAIL }) { complete }
        }""",
    )
    assert data["failed"] is None
    assert data["accepted"]["complete"] is False
    assert {row["id"].split(":")[1] for row in data["accepted"]["nodes"]} == {"a"}
    assert error["path"] == ["failed"]
    assert error["extensions"] == {"code": "UPSTREAM_FAILING", "retryable": True, "source": "b"}


async def test_a_relation_that_cannot_be_read_is_null_and_told_once_with_a_count(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    await ask(made, "{ users(first: 10) { nodes { id } } }")
    made.servers["a"].down = True
    data, [error], _ = await ask(made, "{ users(first: 10) { complete nodes { id enrollments { id } } } }")
    assert len(data["users"]["nodes"]) == 10
    assert all(row["enrollments"] is None for row in data["users"]["nodes"])
    assert error["path"] == ["users", "nodes", 0, "enrollments"]
    assert error["extensions"] == {"code": "UPSTREAM_FAILING", "retryable": True, "source": "a", "count": 10}


async def test_a_list_too_long_is_null_and_never_cut(world: MakeWorld) -> None:
    district = exact_district(1, users=10, classes=1, courses=1, enrollments=LONGEST_LIST + 1)
    made = world(a=make_server("standard-1.2", district))
    data, [error], _ = await ask(made, "{ classes { nodes { id enrollments { id } } } }")
    assert [row["enrollments"] for row in data["classes"]["nodes"]] == [None]
    assert error["extensions"] == {"code": "TOO_LONG", "retryable": False, "source": "a"}
    data, errors, _ = await ask(made, "{ classes { nodes { enrollments(role: [TEACHER]) { id } } } }")
    assert errors == []
    assert len(data["classes"]["nodes"][0]["enrollments"]) <= LONGEST_LIST


async def test_an_answer_that_read_nothing_says_nothing_of_sources(world: MakeWorld) -> None:
    _, errors, extra = await ask(world(a="standard-1.2"), "{ sources { totalCount } }")
    assert errors == []
    assert not extra


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{ users( ", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ users(first: true) { complete } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ users(status: [GONE]) { complete } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query ($n: Int) { users(first: $n) { complete } }", {"n": "many"}, "BAD_USER_INPUT"),
        ("query ($id: ID!) { node(id: $id) { id } }", {}, "BAD_USER_INPUT"),
        ("query ($id: ID!) { node(id: $id) { id } }", {"id": None}, "BAD_USER_INPUT"),
        ("query ($s: [RecordStatus!]) { users(status: $s) { complete } }", {"s": ["GONE"]}, "BAD_USER_INPUT"),
    ],
)
async def test_every_error_of_the_client_has_its_code(
    world: MakeWorld, query: str, variables: dict[str, Any], code: str
) -> None:
    made = world(a="standard-1.2")
    for _ in range(2):  # the second time from the caches
        data, errors, _ = await ask(made, query, **variables)
        assert data is None
        assert errors
        assert {e["extensions"]["code"] for e in errors} == {code}
        assert all(e["locations"] for e in errors)
    assert made.requests("a") == 0


PERSONAL = "Ana's grades"


@strawberry.type
class Broken:
    """A graph with mistakes of every sort, to see what leaves it."""

    @strawberry.field
    def raises(self) -> str | None:
        raise KeyError(PERSONAL)

    @strawberry.field
    def null(self) -> str:
        return None  # type: ignore[return-value]

    @strawberry.field
    def number(self) -> int | None:
        return 5_000_000_001

    @strawberry.field
    def fine(self) -> str | None:
        return "fine"


@pytest.mark.parametrize("field", ["raises", "null", "number"])
async def test_S11_a_mistake_of_ours_is_masked_and_logged_without_its_words(
    world: MakeWorld, caplog: pytest.LogCaptureFixture, field: str
) -> None:
    made = world(a="standard-1.2")
    with caplog.at_level(logging.DEBUG):
        data, [error], _ = await ask(made, "{ fine %s }" % field, Schema(Broken))  # noqa: UP031 - braces
    assert data == (None if field == "null" else {"fine": "fine", field: None})
    assert error["message"] == "internal error"
    assert error["path"] == [field]
    assert error["extensions"] == {"code": "INTERNAL", "retryable": False}
    [line] = [r.getMessage() for r in caplog.records if r.name.startswith("gateway.schema")]
    assert f"internal error at {field}" in line
    assert PERSONAL not in caplog.text
    assert "5000000001" not in caplog.text


async def test_records_of_an_unknown_status_are_counted_where_all_are_held(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    district = made.servers["a"].district
    district.update(district.users[0], status="archived")
    query = "{ users(first: 10000) { nodes { sourcedId } sources(state: [FRESH]) { unknownStatus } } }"
    data, errors, _ = await ask(made, query)
    assert errors == []
    assert district.users[0].id not in {row["sourcedId"] for row in data["users"]["nodes"]}
    await ask(made, "{ users(first: 10000, orderBy: [{ field: FAMILY_NAME }], status: null) { complete } }")
    data, _, _ = await ask(made, query)
    assert data["users"]["sources"] == [{"unknownStatus": 1}]
