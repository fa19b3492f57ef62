"""What an operation needs later is begun beside its root: counted by the sandbox, never timed."""

from __future__ import annotations

import pytest

from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from tests.gateway.support import MakeWorld, World
from tests.gateway.test_http import ask, gateway

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]

EXACT = exact_district(1, users=200, classes=20, courses=10, enrollments=1000)
WIDE = {"capabilities": {"filter_clauses": 100, "max_url": 8000}}
AT_ONCE = dict.fromkeys(("users", "enrollments", "classes", "courses"), 0.001)
TREE = "nodes { enrollments { class { title course { title } } } }"


def wide(world: MakeWorld) -> World:
    made = world({"a": WIDE}, a=make_server("wide", EXACT))
    made.servers["a"].latency = 0.05
    return made


@pytest.mark.parametrize(
    "selection",
    [
        TREE,
        "edges { node { enrollments { class { title course { title } } } } }",
        "...F } } fragment F on UserConnection { nodes { ... on User { ...E } } } "
        "fragment E on User { enrollments { class { title course { title",
    ],
    ids=["nodes", "edges", "fragments"],
)
async def test_classes_and_courses_are_read_beside_the_people_and_cost_no_more(
    world: MakeWorld, selection: str
) -> None:
    made = wide(world)
    query = "{ users(first: 50) { " + selection
    async with gateway(made) as client:
        await ask(client, query + " }" * (query.count("{") - query.count("}")))
    assert made.requests("a") == 4
    assert made.servers["a"].in_flight_peak == 3


async def test_what_was_read_ahead_serves_its_operation_however_soon_it_ages(world: MakeWorld) -> None:
    made = world({"a": {**WIDE, "cache": {"fresh_for": AT_ONCE}}}, a=make_server("wide", EXACT))
    made.servers["a"].latency = 0.05
    query = "{ users(first: 50) { " + TREE + " } }"
    async with gateway(made) as client:
        await ask(client, query)
        assert made.requests("a") == 4
        await ask(client, query)
    assert made.requests("a") == 8  # but not the next one


async def test_few_parents_are_not_run_ahead_of(world: MakeWorld) -> None:
    made = wide(world)
    async with gateway(made) as client:
        await ask(client, "{ users(first: 9) { " + TREE + " } }")
    assert made.servers["a"].in_flight_peak == 1


async def test_a_list_that_may_name_one_person_is_not_run_ahead_of(world: MakeWorld) -> None:
    made = wide(world)
    email = made.servers["a"].published("users")[0]["email"]
    async with gateway(made) as client:
        query = "query ($email: String) { users(first: 50, filter: { email: { eq: $email } }) { " + TREE + " } }"
        await ask(client, query, email=email)
    assert made.servers["a"].requests["GET /users"] == 1
    assert made.servers["a"].in_flight_peak <= 2


async def test_a_relation_that_a_directive_leaves_out_is_not_run_ahead_of(world: MakeWorld) -> None:
    made = wide(world)
    query = "query ($off: Boolean!) { users(first: 50) { nodes { enrollments @skip(if: $off) { class { title } } } } }"
    async with gateway(made) as client:
        await ask(client, query, off=True)
    assert made.requests("a") == 1


async def test_a_relation_that_was_left_out_before_is_run_ahead_of_when_it_is_asked_for(world: MakeWorld) -> None:
    made = wide(world)
    query = "query ($off: Boolean!) { users(first: 50) { nodes { enrollments @skip(if: $off) { class { title } } } } }"
    async with gateway(made) as client:
        await ask(client, query, off=True)
        made.servers["a"].reset()
        await ask(client, query, off=False)
    assert made.servers["a"].in_flight_peak == 2  # classes beside enrollments, the people being held


async def test_a_source_that_the_page_does_not_reach_is_not_asked(world: MakeWorld) -> None:
    made = world({"a": WIDE, "b": WIDE}, a=make_server("wide", EXACT), b=make_server("wide", EXACT))
    async with gateway(made) as client:
        await ask(client, "{ users(first: 50) { " + TREE + " } }")
    assert made.requests("a") == 4
    assert made.requests("b") == 0


async def test_what_turns_out_too_large_to_be_worth_it_is_given_up_after_a_page(world: MakeWorld) -> None:
    district = exact_district(2, users=100, classes=900, courses=10, enrollments=1000)
    limited = {"capabilities": {"filter_clauses": 100, "max_url": 8000, "max_limit": 20}}
    made = world({"a": limited}, a=make_server("wide", district, max_limit=20))
    async with gateway(made) as client:
        answer = await ask(client, "{ users(first: 10) { nodes { enrollments { class { title } } } } }")
    assert len(answer["data"]["users"]["nodes"]) == 10
    assert made.servers["a"].requests["GET /classes"] <= 7


@pytest.mark.parametrize("records", ["nodes { RECORD }", "edges { node { RECORD } }"])
async def test_what_is_below_pages_of_records_is_read_beside_them(world: MakeWorld, records: str) -> None:
    made = world(
        a=make_server("standard-1.2", EXACT)
    )  # it is asked for all classes rather than for those of each course
    made.servers["a"].latency = 0.05
    below = records.replace("RECORD", "enrollments { role }")
    async with gateway(made) as client:
        await ask(client, "{ courses(first: 50) { nodes { classes(first: 9) { " + below + " } } } }")
    assert made.servers["a"].in_flight_peak == 3
    assert made.requests("a") == 3


async def test_pages_of_children_are_foreseen_as_children_and_not_by_their_ids(world: MakeWorld) -> None:
    capabilities = {**WIDE["capabilities"], "dotted_filters": False, "nested_reads": False}
    made = world({"a": {"capabilities": capabilities}}, a=make_server("wide", EXACT))  # which by their ids are filtered
    made.servers["a"].latency = 0.05
    async with gateway(made) as client:
        await ask(client, "{ courses(first: 50) { nodes { classes(first: 9) { nodes { title } } } } }")
    assert made.servers["a"].in_flight_peak == 2
    assert made.requests("a") == 2
