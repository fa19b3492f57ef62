"""The worked example of docs/execution.md, held to what the gateway makes of its query."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.execution import compiling
from gateway.execution.answering import Asked, respond
from gateway.sandbox.exact import exact_district
from gateway.sandbox.server import make_server
from gateway.schema import SCHEMA
from gateway.schema.context import Context
from tests.gateway.support import MakeWorld

RUN = CliRunner()
PAGE = Path(__file__).parents[2] / "docs" / "execution.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)\n```$", re.DOTALL | re.MULTILINE)


def example() -> tuple[str, str, str, str]:
    """Query, plan, code and bytes, as the page has them."""
    told = PAGE.read_text("utf-8").partition("## An example")[2].partition("\n## ")[0]
    (_, query), (_, plan), (_, code), (_, body) = FENCE.findall(told)
    return query, plan, code, body


def test_plan_and_code_are_what_is_printed() -> None:
    query, plan, code, _ = example()
    assert RUN.invoke(app, ["plan", "-"], input=query).output == f"{plan}\n\n{code}\n"


@pytest.mark.anyio
async def test_the_bytes_are_what_is_answered_by_that_plan(world: MakeWorld) -> None:
    query, _, _, body = example()
    district = exact_district(1, users=2, classes=2, courses=1, enrollments=4)
    reading = world(maple=make_server("standard-1.2", district)).reading()
    answer = await respond(compiling(SCHEMA), Asked(query), Context(reading))
    assert answer.body == body.replace("\n", "").encode()
