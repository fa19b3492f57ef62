"""The tools of app developers accept the schema as it is: Relay, GraphQL Code Generator, graphql-eslint."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

from tests.clients.npm import HERE, run

SCHEMA = HERE.parent.parent / "schema.graphql"

WITHOUT_ID = re.compile(
    r"type \"(\w+(Connection|Edge|Payload|Report)|PageInfo|UserError|SourceCollection|Group|GroupKey"
    r"|RoleAssignment|UserId|UserProfile|Viewer|Grant|ScoreScaleValue|LearningObjective(Set|ScoreSet|Result))\""
)
"""Reports, values inside of records, and what a client may: they are no things of their own."""

WORDS_OF_THE_STANDARD = frozenset(
    {
        *("courseCode", "classCode", "classType", "classTypeRaw", "username", "userIds", "userMasterIdentifier"),
        *("userProfiles", "sourceKey", "scoreScaleValue"),
    }
)
"""OneRoster's own names, which repeat that of their type."""


def complaints(tools: Path) -> list[tuple[str, str]]:
    """What the linter says of the schema: rule and message."""
    command = [tools / "eslint", "--no-config-lookup", "-c", "eslint.config.js", "-f", "json", "build/schema.graphql"]
    build = HERE / "build"
    build.mkdir(exist_ok=True)
    shutil.copy(SCHEMA, build / "schema.graphql")  # the linter reads nothing above its own folder
    done = subprocess.run(command, cwd=HERE, text=True, capture_output=True, timeout=300)
    assert done.stdout, done.stderr
    [found] = json.loads(done.stdout)
    return [(message["ruleId"].removeprefix("@graphql-eslint/"), message["message"]) for message in found["messages"]]


def test_relay_compiles_an_app(relay_manifest: Path) -> None:
    assert (relay_manifest.parent / "PeoplePageQuery.graphql.ts").exists()


def test_the_code_generator_types_an_app(tools: Path, codegen_manifest: Path) -> None:
    assert codegen_manifest.exists()
    run(tools / "tsc", "--noEmit", "-p", "tsconfig.json")


def test_the_linter_has_nothing_against_the_schema(tools: Path) -> None:
    assert not [complaint for complaint in complaints(tools) if not accepted(*complaint)]


def accepted(rule: str, message: str) -> bool:
    match rule:
        case "strict-id-in-types":
            return WITHOUT_ID.match(message) is not None
        case "no-typename-prefix":
            named = re.match(r"Field \"(\w+)\"", message)
            return named is not None and named[1] in WORDS_OF_THE_STANDARD
        case "relay-edge-types":
            # Connections have `nodes` beside `edges`, and short lists are plain.
            return message == "A list type should only wrap an edge type."
    return False
