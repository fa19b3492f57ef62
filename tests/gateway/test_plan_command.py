"""`oneroster-gateway plan`: how a query would be executed, or why not; and every mistake with its place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import app

RUN = CliRunner()

TREE = """query People($n: Int = 5, $full: Boolean = false) {
  users(first: $n) {
    nodes {
      called: givenName
      enrollments(role: TEACHER) { role class { title } }
      demographics @include(if: $full) { birthDate }
    }
  }
}
"""
INTROSPECTION = "query Types { __schema { queryType { name } } }\n"


def planned(tmp_path: Path, text: str, *options: str) -> Any:
    path = tmp_path / "query.graphql"
    path.write_text(text, "utf-8")
    return RUN.invoke(app, ["plan", str(path), *options])


def test_a_plan_is_a_tree_of_fields_with_what_each_comes_from(tmp_path: Path) -> None:
    done = planned(tmp_path, TREE)
    assert done.exit_code == 0, done.output
    lines = [re.split(r"\s{2,}", line) for line in done.output.partition("\n\n")[0].splitlines()]
    told = {f"{level} {field}": whence for level, field, _, whence in lines}
    assert told == {
        "level field": "from",
        "0 users(first: $n)": "resolver",
        "1 nodes": "resolver, row by row",
        "2 called: givenName": "attribute given_name",
        "2 enrollments(role: TEACHER)": (
            "children(ENROLLMENT by user_id), one read for all rows; with effective_on: resolver, row by row"
        ),
        "3 role": "attribute role",
        "3 class": "follow(CLASS by class_id), one read for all rows; each record built once",
        "4 title": "attribute title",
    }


def test_the_code_of_each_selection_follows_the_plan(tmp_path: Path) -> None:
    code = planned(tmp_path, TREE).output.partition("\n\n")[2]
    assert (
        "users.nodes.enrollments: Enrollment\n"
        "  rows       lambda count, columns: [{'role': v0, 'class': v1} for v0, v1 in zip(*columns)]\n"
        "  encoded    Row(role, class)\n"
        "  role       lambda objects: [each.role for each in objects]\n"
    ) in code


def test_what_is_made_in_one_go_is_told_with_its_code(tmp_path: Path) -> None:
    code = planned(tmp_path, TREE).output.partition("\n\n")[2]
    assert (
        "  in one go  v1 = follow(CLASS by class_id)\n"
        "  def leaves(objects):\n"
        "      try:\n"
        "          v0 = [table0[each.role] for each in objects]\n"
        "      except (KeyError, TypeError):\n"
        "          v0 = complete0([each.role for each in objects])\n"
        "      return [v0, None]\n"
    ) in code
    alone = planned(tmp_path, "{ orgs { nodes { __typename } } }").output
    assert "def leaves" not in alone
    on_a_day = planned(tmp_path, '{ users { nodes { enrollments(effectiveOn: "today") { role } } } }').output
    assert "children(ENROLLMENT by user_id)\n" not in on_a_day, "it is not in one go"


def test_what_is_asked_of_several_types_is_told_once(tmp_path: Path) -> None:
    done = planned(
        tmp_path, '{ node(id: "x") { ... on User { email } ... on Org { name } ... on Course { __typename } } }'
    )
    assert "... on User\n" in done.output
    assert "node: Org\n  rows  " in done.output
    kinds = [line for line in done.output.splitlines() if "... on" in line]
    assert len(kinds) == 3, "one for each, and none for those of which nothing is asked"


@pytest.mark.parametrize(("variables", "asked"), [((), False), (("--variables", '{"full": true}'), True)])
def test_variables_decide_what_is_skipped(tmp_path: Path, variables: tuple[str, ...], asked: bool) -> None:
    assert ("lookup(DEMOGRAPHICS" in planned(tmp_path, TREE, *variables).output) is asked


def test_one_of_several_operations_is_chosen_by_its_name(tmp_path: Path) -> None:
    both = TREE + INTROSPECTION
    assert planned(tmp_path, both, "--operation", "People").exit_code == 0
    refused = planned(tmp_path, both, "--operation", "Types")
    assert refused.exit_code == 1
    assert refused.output == "left to graphql-core: introspection\n"


def test_a_document_is_read_from_standard_input_too() -> None:
    assert RUN.invoke(app, ["plan", "-"], input="{ __typename }").exit_code == 0


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        ("{\n  nobody\n}", (), "query.graphql:2:3: Cannot query field 'nobody' on type 'Query'."),
        ("{ users {", (), "query.graphql:1:10: Syntax Error: Expected Name, found <EOF>."),
        (TREE + INTROSPECTION, (), "choose one with --operation (People, Types)"),
        (TREE, ("--operation", "Nobody"), "the document has no operation Nobody; there are: People"),
        (TREE, ("--variables", "{"), "--variables: "),
        (TREE, ("--variables", "[]"), "--variables: Expected `object`, got `array`"),
        (TREE, ("--variables", '{"full": 3}'), "--variables:1:27: Variable '$full' has invalid value"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, options: tuple[str, ...], told: str) -> None:
    done = planned(tmp_path, text, *options)
    assert done.exit_code == 2
    assert told in done.output


def test_what_is_no_document_is_told(tmp_path: Path) -> None:
    missing = RUN.invoke(app, ["plan", str(tmp_path / "none.graphql")])
    assert (missing.exit_code, missing.output.endswith("none.graphql: No such file or directory\n")) == (2, True)
    (tmp_path / "bytes.graphql").write_bytes(b"\xff\xfe")
    unreadable = RUN.invoke(app, ["plan", str(tmp_path / "bytes.graphql")])
    assert (unreadable.exit_code, unreadable.output.endswith("this is no text in UTF-8\n")) == (2, True)
