"""Answers that are not as the schema has them: what becomes null, what is told, and what that takes."""

from __future__ import annotations

import asyncio
import gc
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from enum import Enum
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import strawberry
from strawberry.types import ExecutionResult

from adapters.records import RecordType
from gateway.execution import compiling
from gateway.execution.executor import AGAIN, Executor, Known
from gateway.execution.plan import Plan
from gateway.roster.explain import Explanation
from gateway.schema import SCHEMA, Schema
from gateway.schema.context import Context
from gateway.schema.fields import computed, over, plain
from tests.gateway.same_answers import told
from tests.gateway.support import MakeWorld, World

pytestmark = pytest.mark.anyio


class Colour(Enum):
    RED = "red"


strawberry.enum(Colour)


async def _later(root: Any) -> Any:
    if isinstance(root.later, Exception):
        raise root.later
    return root.later


def _child(root: Any) -> Any:
    return root.children[0]


async def _every(root: Any) -> AsyncIterator[Any]:
    for each in root.every:
        if isinstance(each, Exception):
            raise each
        yield each


def _each(root: Any) -> Iterator[Any]:
    return iter(root.each)


class LeafValue(SimpleNamespace):
    pass


class BranchValue(SimpleNamespace):
    pass


@strawberry.interface
class Named:
    name: str = plain("Never null.")


@strawberry.type
class Leaf(Named):
    is_type_of = over(LeafValue)

    count: int | None = plain("A number.")
    colour: Colour | None = plain("An enum.")


@strawberry.type
class Branch(Named):
    is_type_of = over(BranchValue)

    title: str | None = plain("May be null.")
    later: str | None = computed(_later, "Later.")
    sure: str = computed(lambda root: root.sure, "Never null, it says.")
    tags: list[str | None] | None = plain("Texts, or null.")
    child: Leaf | None = computed(_child, "The first of its children.")
    children: list[Leaf] | None = plain("None of them null.")
    open_children: list[Leaf | None] | None = plain("Any of them may be null.")
    things: list[Named | None] = plain("Leaves and branches.")
    every: list[Leaf | None] | None = computed(_every, "One after the other.")
    each: list[str] | None = computed(_each, "One after the other.")
    needed: Leaf = plain("Never null.")


@strawberry.type(name="Query")
class Wood:
    branch: Branch | None = plain("One.")
    branches: list[Branch | None] | None = plain("Several.")
    trunk: Branch = plain("Never null.")


WOOD = Schema(Wood, types=[Leaf, Branch])
GROWN = compiling(WOOD)


def leaf(**parts: Any) -> LeafValue:
    return LeafValue(**{"name": "leaf", "count": 1, "colour": Colour.RED} | parts)


def branch(**parts: Any) -> BranchValue:
    grown = {"name": "branch", "title": "t", "later": "l", "sure": "s", "tags": ["a", "b"]}
    grown |= {"children": [leaf()], "open_children": [leaf()], "things": [], "every": [], "each": [], "needed": leaf()}
    return BranchValue(**grown | parts)


async def executed(made: World, schema: Schema, query: str, root: Any = None, way: str = "careful") -> ExecutionResult:
    reading = made.reading(seconds=60)
    reading.explanation = Explanation() if schema._lead is not None else None
    result = await schema.execute(query, {}, Context(reading), root)
    if reading.explanation is not None:
        assert reading.explanation.path == way
    return result


BROKEN = ValueError("of ours")


class Breaking:
    """Breaks off whenever it is gone through."""

    def __iter__(self) -> Iterator[str]:
        yield "a"
        raise BROKEN


RULES: dict[str, tuple[str, dict[str, Any], Any, list[list[Any]]]] = {
    "a field that may be null is null where it failed": (
        "{ branch { title name } }",
        {"branch": branch(title=BROKEN)},
        {"branch": {"title": None, "name": "branch"}},
        [["branch", "title"]],
    ),
    "a null that is not allowed takes its object": (
        "{ branch { name children { count } child { name } } }",
        {"branch": branch(children=[leaf(name=None)])},
        {"branch": {"name": "branch", "children": [{"count": 1}], "child": None}},
        [["branch", "child", "name"]],
    ),
    "and its item of a list": (
        "{ branch { openChildren { name } } }",
        {"branch": branch(open_children=[leaf(), leaf(name=None), None, leaf()])},
        {"branch": {"openChildren": [{"name": "leaf"}, None, None, {"name": "leaf"}]}},
        [["branch", "openChildren", 1, "name"]],
    ),
    "and the list, where no item may be null": (
        "{ branch { children { name } title } }",
        {"branch": branch(children=[leaf(), leaf(name=None)])},
        {"branch": {"children": None, "title": "t"}},
        [["branch", "children", 1, "name"]],
    ),
    "a null among items that may not be null takes the list": (
        "{ branch { children { name } title } }",
        {"branch": branch(children=[leaf(), None])},
        {"branch": {"children": None, "title": "t"}},
        [["branch", "children", 1]],
    ),
    "what stands above, where the object may not be null": (
        "{ branches { title needed { name } } }",
        {"branches": [branch(), branch(needed=leaf(name=None))]},
        {"branches": [{"title": "t", "needed": {"name": "leaf"}}, None]},
        [["branches", 1, "needed", "name"]],
    ),
    "and all, where nothing above may be null": (
        "{ branch { title } trunk { needed { name } } }",
        {"branch": branch(title=BROKEN), "trunk": branch(needed=leaf(name=None))},
        None,
        [["trunk", "needed", "name"]],
    ),
    "one error is told of each null": (
        "{ branch { children { name count } } }",
        {"branch": branch(children=[leaf(name=None), leaf(name=BROKEN)])},
        {"branch": {"children": None}},
        [["branch", "children", 0, "name"]],
    ),
    "nothing is told of below a null": (
        "{ branch { openChildren { count colour name } title } }",
        {"branch": branch(open_children=[leaf(count="many", colour="blue", name=None)], title=BROKEN)},
        {"branch": {"openChildren": [None], "title": None}},
        [["branch", "openChildren", 0, "name"], ["branch", "title"]],
    ),
    "values of another type": (
        "{ branch { tags openChildren { count colour } } }",
        {"branch": branch(tags=["a", {}, None], open_children=[leaf(count=2**40), leaf(colour="blue"), leaf()])},
        {
            "branch": {
                "tags": ["a", None, None],
                "openChildren": [
                    {"count": None, "colour": "RED"},
                    {"count": 1, "colour": None},
                    {"count": 1, "colour": "RED"},
                ],
            }
        },
        [["branch", "openChildren", 0, "count"], ["branch", "openChildren", 1, "colour"], ["branch", "tags", 1]],
    ),
    "a list that is none": (
        "{ branch { tags children { name } title } }",
        {"branch": branch(tags="ab", children=leaf())},
        {"branch": {"tags": None, "children": None, "title": "t"}},
        [["branch", "children"], ["branch", "tags"]],
    ),
    "lists that break off": (
        "{ branch { every { name } each title } }",
        {"branch": branch(every=[leaf(), BROKEN], each=Breaking())},
        {"branch": {"every": None, "each": None, "title": "t"}},
        [["branch", "each"], ["branch", "every"]],
    ),
    "an object of no type": (
        "{ branch { things { name ... on Leaf { count } } } }",
        {"branch": branch(things=[leaf(), SimpleNamespace(), branch(), BROKEN])},
        {"branch": {"things": [{"name": "leaf", "count": 1}, None, {"name": "branch"}, None]}},
        [["branch", "things", 1], ["branch", "things", 3]],
    ),
    "an object of another type": (
        "{ branch { openChildren { name } } }",
        {"branch": branch(open_children=[branch(), leaf()])},
        {"branch": {"openChildren": [None, {"name": "leaf"}]}},
        [["branch", "openChildren", 0]],
    ),
    "a resolver that fails, now or later": (
        "{ branches { later sure title } }",
        {"branches": [branch(later=BROKEN), branch(sure=BROKEN), branch()]},
        {"branches": [{"later": None, "sure": "s", "title": "t"}, None, {"later": "l", "sure": "s", "title": "t"}]},
        [["branches", 0, "later"], ["branches", 1, "sure"]],
    ),
}


@pytest.mark.parametrize("rule", RULES)
async def test_a_null_reaches_as_far_as_it_has_to(world: MakeWorld, rule: str) -> None:
    query, root, data, paths = RULES[rule]
    made = world(a="standard-1.2")
    grown = await executed(made, GROWN, query, SimpleNamespace(**root))
    assert grown.data == data
    assert sorted(error.path or [] for error in grown.errors or ()) == paths
    assert told(grown) == told(await executed(made, WOOD, query, SimpleNamespace(**root)))


async def test_what_stands_in_several_places_is_told_of_in_each_and_logged_once(
    world: MakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    shared = leaf(count="many")
    root = SimpleNamespace(branches=[branch(children=[shared]), branch(children=[leaf(), shared])])
    result = await executed(world(a="standard-1.2"), GROWN, "{ branches { child { count } children { count } } }", root)
    assert [error.path for error in result.errors or ()] == [
        ["branches", 0, "child", "count"],
        ["branches", 0, "children", 0, "count"],
        ["branches", 1, "children", 1, "count"],
    ]
    first, second, third = (error.locations for error in result.errors or ())
    assert first != second == third
    assert caplog.text.count("internal error at branches.0.children.0.count") == 1
    assert "branches.1" not in caplog.text


# ---------------------------------------------------------------- over records

TREE = """{
  users(first: 20) { nodes { familyName enrollments { role class { title course { title status } terms { title } } } } }
}"""
SHARED = """{
  users(first: 20) { nodes { enrollments { class {
    course { status } orgs: school { name parent { name } } students { id } primaryTeacher { id }
  } } } }
}"""


async def with_a_course_amiss(made: World, query: str) -> None:
    """One course that many classes have gets a status that the schema does not allow, when all of it is held."""
    held = await SCHEMA.execute(query.replace("status", "sourcedId"), {}, Context(made.reading(seconds=60)))
    assert held.data is not None
    classes = [e["class"] for user in held.data["users"]["nodes"] for e in user["enrollments"] if e["class"]]
    named = Counter(each["course"]["sourcedId"] for each in classes if each["course"] is not None)
    course = await made.reading().one(RecordType.COURSE, "a", named.most_common(1)[0][0])
    assert course is not None
    msgspec.structs.force_setattr(course, "status", None)


@pytest.mark.parametrize("query", [TREE, SHARED])
async def test_one_record_amiss_costs_no_request_and_changes_nothing_but_its_places(
    world: MakeWorld, query: str
) -> None:
    made = world(a="standard-1.2")
    sessions, orgs = made.servers["a"].district.sessions, made.servers["a"].district.orgs
    del sessions[1:], orgs[1:]  # so that references name nothing
    await with_a_course_amiss(made, query)
    requests = made.requests("a")
    result = await executed(made, compiling(SCHEMA), query)
    assert told(result) == told(await executed(made, SCHEMA, query))
    assert made.requests("a") == requests
    own = [error for error in result.errors or () if "source" not in (error.extensions or {})]
    assert len(own) > 1
    assert all(error.path is not None and error.path[-1] == "status" for error in own)
    dangling = [error.extensions for error in result.errors or () if error not in own]
    assert max((each or {}).get("count", 1) for each in dangling) > 1


async def test_what_fails_at_a_source_is_told_once_beside_what_is_amiss(world: MakeWorld) -> None:
    given = []
    for schema in (SCHEMA, compiling(SCHEMA)):
        made = world(a="standard-1.2")
        await with_a_course_amiss(made, TREE)
        made.servers["a"].down = True
        query = TREE.replace("role", "role user { demographics { sex } }")
        given.append(told(await executed(made, schema, query)))
    assert given[0] == given[1]
    assert any("UPSTREAM" in error and '"count": ' in error for error in given[1][1])


# ---------------------------------------------------------------- the way


async def test_a_plan_that_cannot_be_run_with_care_is_left_to_graphql_core(
    world: MakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    made, lead = world(a="standard-1.2"), Executor(SCHEMA)
    query = "{ users(first: 3) { nodes { givenName } } }"
    expected = await lead(query, None, Context(made.reading()), None, None)
    requests = made.requests("a")
    [known] = lead._kept.values()
    assert isinstance(known, Known)
    [plan] = known.plans.values()
    assert isinstance(plan, Plan)
    vars(plan.root)["dicts"] = lambda count, columns: columns[count]  # there are no more columns than rows
    again = await lead(query, None, Context(made.reading()), None, None)
    assert (expected.path, again.path) == ("compiled", AGAIN)
    assert again.result is not None
    assert expected.result is not None
    assert again.result.data == expected.result.data
    assert made.requests("a") == requests
    assert "a plan could not be run with care" in caplog.text
    assert expected.result.data["users"]["nodes"][0]["givenName"] not in caplog.text


async def test_much_that_is_amiss_holds_up_nobody(world: MakeWorld) -> None:
    made, longest = world(a="standard-1.2"), 0.0
    root = SimpleNamespace(branches=[branch(children=[leaf(count="many"), leaf()]) for _ in range(3000)])

    async def watch() -> None:
        nonlocal longest
        while True:
            since = time.process_time()
            await asyncio.sleep(0)
            longest = max(longest, time.process_time() - since)

    gc.collect()
    gc.freeze()  # the collector's own time says nothing of ours
    watching = asyncio.create_task(watch())
    attempt = await Executor(WOOD)(
        "{ branches { name children { count name } } }", None, Context(made.reading(seconds=60)), root, None
    )
    watching.cancel()
    gc.unfreeze()
    assert attempt.path == "careful"
    assert attempt.result is not None
    assert len(attempt.result.errors or ()) == 3000
    assert longest < 0.1
