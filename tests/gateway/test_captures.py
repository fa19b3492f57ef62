"""Answers of real servers, served as they came by a small static server over real HTTP, and asked end to end.

The committed copies have invented people. CAPTURES=DIR asks the same of other files: DIR/<one folder>-v1p1 with a file
per collection, DIR/<one folder>-v1p2 with `rostering.json`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.app import build
from gateway.config import from_tables
from tests.serving import served

CAPTURES = Path(os.environ.get("CAPTURES", Path(__file__).parent.parent / "captures"))
PLURALS = {"class": "classes", "demographics": "demographics"}
QUERY = """{
  users(first: 10000, status: null) {
    complete
    nodes {
      source { key } sourcedId givenName familyName
      enrollments(status: null) { sourcedId role class { sourcedId title course { sourcedId title } } }
    }
  }
}"""


def reference() -> dict[str, list[dict[str, Any]]]:
    [folder] = CAPTURES.glob("*-v1p1")
    return {path.stem: next(iter(json.loads(path.read_text("utf-8")).values())) for path in folder.glob("*.json")}


def smallest() -> dict[str, list[dict[str, Any]]]:
    [path] = CAPTURES.glob("*-v1p2/rostering.json")
    entities = json.loads(path.read_text("utf-8"))["rosteringEntities"]
    return {PLURALS.get(name, f"{name}s"): [entity] for name, entity in entities.items()}


def static(prefix: str, files: dict[str, list[dict[str, Any]]]) -> Starlette:
    """Serves records as they are: a slice of them, and how many there are."""

    async def collection(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            return Response(status_code=404)
        offset, limit = (int(request.query_params.get(k, d)) for k, d in (("offset", 0), ("limit", 100)))
        rows = files[name]
        return JSONResponse({name: rows[offset : offset + limit]}, headers={"X-Total-Count": str(len(rows))})

    return Starlette(routes=[Route(prefix + "/{name}", collection)])


@pytest.fixture(scope="module")
def answer() -> Iterator[dict[str, Any]]:
    with (
        served(static("/ims/oneroster/v1p1", reference())) as one,
        served(static("/ims/oneroster/rostering/v1p2", smallest())) as two,
    ):
        source = {
            "provider": "standard",
            "token": "made-up",
            "auth": {"kind": "bearer"},
            "allow_http": True,
            "capabilities": {"single_reads": False, "filter_level": "none", "sort": False},
        }
        settings = from_tables(
            {
                "sources": [
                    {**source, "key": "reference", "name": "Reference", "version": "1.1", "base_url": one},
                    {**source, "key": "smallest", "name": "Smallest", "version": "1.2", "base_url": two},
                ]
            }
        )
        assert not settings.mistakes, settings.mistakes
        with served(build(settings)) as url:
            yield httpx2.post(f"{url}/graphql", json={"query": QUERY}, trust_env=False).json()


@pytest.mark.parametrize(("key", "files"), [("reference", reference()), ("smallest", smallest())])
def test_the_nested_question_over_what_real_servers_sent_is_right(
    answer: dict[str, Any], key: str, files: dict[str, list[dict[str, Any]]]
) -> None:
    assert answer["data"]["users"]["complete"]
    courses = {c["sourcedId"]: c for c in files["courses"]}
    classes = {c["sourcedId"]: c for c in files["classes"]}

    def enrollment(row: dict[str, Any]) -> dict[str, Any]:
        found = classes.get(row["class"]["sourcedId"])
        course = courses.get(found["course"]["sourcedId"]) if found else None
        return {
            "sourcedId": row["sourcedId"],
            "role": row["role"].upper(),
            "class": found
            and {
                "sourcedId": found["sourcedId"],
                "title": found["title"],
                "course": course and {"sourcedId": course["sourcedId"], "title": course["title"]},
            },
        }

    expected = [
        {
            "source": {"key": key},
            "sourcedId": user["sourcedId"],
            "givenName": user["givenName"],
            "familyName": user["familyName"],
            "enrollments": [
                enrollment(e)
                for e in sorted(files["enrollments"], key=lambda e: str(e["sourcedId"]))
                if e["user"]["sourcedId"] == user["sourcedId"]
            ],
        }
        for user in sorted(files["users"], key=lambda u: str(u["sourcedId"]))
    ]
    assert any(u["enrollments"] for u in expected)
    assert [n for n in answer["data"]["users"]["nodes"] if n["source"]["key"] == key] == expected


def test_nothing_was_lost_on_the_way(answer: dict[str, Any]) -> None:
    assert {e["extensions"]["code"] for e in answer.get("errors", ())} <= {"DANGLING_REFERENCE"}
    assert {s["code"] for s in answer["extensions"]["sources"]["notFresh"]} == set()
