"""A document is parsed and validated once, whoever executes it, and what is kept of documents has an end."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from graphql.language.parser import Parser
from graphql.validation import ValidationContext
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig

from gateway.execution import compiling
from gateway.schema import SCHEMA, Schema
from gateway.schema.context import Context
from gateway.schema.documents import MOST_TEXT, CheckedDocuments, KeptDocuments
from gateway.schema.query import Query
from gateway.schema.scalars import SCALARS
from tests.gateway.support import MakeWorld

pytestmark = pytest.mark.anyio

COMPILED = "{ users(first: 1) { nodes { id } } }"
LEFT_TO_GRAPHQL_CORE = '{ __type(name: "User") { name } users(first: 1) { nodes { id } } }'


def schema_of(*extensions: type[SchemaExtension]) -> Schema:
    return Schema(Query, config=StrawberryConfig(scalar_map=SCALARS), extensions=extensions)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often documents were parsed and validated, by whatever way."""
    done: Counter[str] = Counter()
    for owner, method, word in ((Parser, "parse_document", "parsed"), (ValidationContext, "__init__", "validated")):
        monkeypatch.setattr(owner, method, _counted(getattr(owner, method), done, word))
    return done


def _counted(method: Any, done: Counter[str], word: str) -> Any:
    def counted(*args: Any, **kwargs: Any) -> Any:
        done[word] += 1
        return method(*args, **kwargs)

    return counted


@pytest.mark.parametrize(
    ("query", "times"),
    [
        (COMPILED, {"parsed": 1, "validated": 1}),
        (LEFT_TO_GRAPHQL_CORE, {"parsed": 1, "validated": 1}),
        ("query A { users(first: 1) { nodes { id } } } query B { __typename }", {"parsed": 1, "validated": 1}),
        ("{ nobody }", {"parsed": 1, "validated": 1}),
        ("{ users {", {"parsed": 1}),
    ],
)
async def test_a_document_is_read_once_by_both_executors_and_never_again(
    world: MakeWorld, work: Counter[str], query: str, times: dict[str, int]
) -> None:
    made, schema = world(a="standard-1.2"), compiling(schema_of(KeptDocuments))
    answers = [await schema.execute(query, {}, Context(made.reading())) for _ in range(3)]
    assert work == times
    assert answers[0].data == answers[2].data
    assert str(answers[0].errors) == str(answers[2].errors)


async def test_a_schema_that_keeps_no_documents_for_strawberry_has_it_read_each_time(
    world: MakeWorld, work: Counter[str]
) -> None:
    made, schema = world(a="standard-1.2"), schema_of()
    for _ in range(2):
        await schema.execute(COMPILED, {}, Context(made.reading()))
    assert work == {"parsed": 3, "validated": 3}


def test_what_is_kept_of_documents_has_an_end() -> None:
    documents = CheckedDocuments(SCHEMA._schema)
    first, broken = documents.read(COMPILED), documents.read("{ users {")
    assert documents.read(COMPILED) is first
    assert documents.read("{ users {") is broken
    comments = "#" * (MOST_TEXT // 2)
    for number in range(3):
        documents.read(f"{{ __typename }} # {number} {comments}")
    assert documents.read(COMPILED) is not first
    assert documents.read("{ users {") is not broken


def test_a_document_larger_than_all_that_may_be_kept_drives_no_other_out() -> None:
    documents = CheckedDocuments(SCHEMA._schema)
    first = documents.read(COMPILED)
    huge = "{ __typename }" + "#" * MOST_TEXT
    assert documents.read(huge) is not documents.read(huge)
    assert documents.read(COMPILED) is first


async def test_reading_a_document_that_is_hard_to_read_holds_nobody_up(world: MakeWorld) -> None:
    """Fields that could be merged are compared with each other."""
    query = "{" + "users { nodes { enrollments { class { course { id } } } } } " * 300 + "}"
    schema, reading = compiling(schema_of(KeptDocuments)), world(a="standard-1.2").reading()
    reader = asyncio.create_task(schema.execute(query, {}, Context(reading)))
    turns = 0
    while not reader.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 20
    assert [error.message for error in (await reader).errors or ()] == ["Validation aborted."]
