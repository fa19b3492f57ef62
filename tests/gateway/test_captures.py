"""Answers of real servers, served as they came by a small static server over real HTTP, and asked end to end.

The committed copies have invented people. CAPTURES=DIR asks the same of other files: DIR/<one folder>-v1p1 with a file
per collection, DIR/<one folder>-v1p2 with `rostering.json`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
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
  users(first: 1500, status: null) {
    complete
    nodes {
      source { key } sourcedId givenName familyName
      enrollments(status: null) { sourcedId role class { sourcedId title course { sourcedId title } } }
    }
  }
}"""

NARROWED = """{
  users(
    filter: {
      role: { eq: STUDENT }
      enrollments: { role: [STUDENT], count: { gte: 1 } }
      not: { givenName: { eq: "Ada" } }
    }
    orderBy: [{ field: FAMILY_NAME, direction: DESC }]
    first: 5
  ) {
    totalCount
    complete
    pageInfo { hasNextPage }
    nodes {
      source { key }
      familyName
      enrollments(role: [STUDENT]) {
        class {
          title
          school { name }
          terms { title type }
          enrollments(role: [STUDENT]) { userRef { sourcedId } }
        }
      }
    }
  }
}"""
"""A filter that looks beyond the record, an order over both sources, a page of it, and relations there and back."""

Ask = Callable[[str], dict[str, Any]]


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
def ask() -> Iterator[Ask]:
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

            def asked(query: str) -> dict[str, Any]:
                answer: dict[str, Any] = httpx2.post(f"{url}/graphql", json={"query": query}, trust_env=False).json()
                return answer

            yield asked


@pytest.fixture(scope="module")
def answer(ask: Ask) -> dict[str, Any]:
    return ask(QUERY)


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


def students(files: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Enrollments of students that are in use."""
    return [e for e in files["enrollments"] if e["role"] == "student" and e["status"] == "active"]


def test_a_filter_an_order_and_relations_over_what_real_servers_sent_are_right(ask: Ask) -> None:
    found: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
    for key, files in {"reference": reference(), "smallest": smallest()}.items():
        enrolled = {e["user"]["sourcedId"] for e in students(files)}
        for user in sorted(files["users"], key=lambda u: str(u["sourcedId"])):
            roles = [r["role"] for r in user.get("roles", ())] or [user["role"]]
            if user["sourcedId"] in enrolled and "student" in roles and user["givenName"] != "Ada":
                found.append((key, files, user))
    found.sort(key=lambda f: str(f[2]["familyName"]).casefold(), reverse=True)

    def class_of(files: dict[str, list[dict[str, Any]]], enrollment: dict[str, Any]) -> dict[str, Any]:
        def one(collection: str, reference: dict[str, Any]) -> dict[str, Any]:
            return next(r for r in files[collection] if r["sourcedId"] == reference["sourcedId"])

        class_ = one("classes", enrollment["class"])
        there = [e for e in students(files) if e["class"]["sourcedId"] == class_["sourcedId"]]
        return {
            "title": class_["title"],
            "school": {"name": one("orgs", class_["school"])["name"]},
            "terms": [
                {"title": (t := one("academicSessions", term))["title"], "type": t["type"].upper()}
                for term in class_["terms"]
            ],
            "enrollments": [
                {"userRef": {"sourcedId": e["user"]["sourcedId"]}}
                for e in sorted(there, key=lambda e: str(e["sourcedId"]))
            ],
        }

    answer = ask(NARROWED)
    assert "errors" not in answer
    assert answer["data"]["users"] == {
        "totalCount": len(found),
        "complete": True,
        "pageInfo": {"hasNextPage": len(found) > 5},
        "nodes": [
            {
                "source": {"key": key},
                "familyName": user["familyName"],
                "enrollments": [
                    {"class": class_of(files, e)}
                    for e in sorted(students(files), key=lambda e: str(e["sourcedId"]))
                    if e["user"]["sourcedId"] == user["sourcedId"]
                ],
            }
            for key, files, user in found[:5]
        ],
    }
    assert {key for key, _, _ in found[:5]} == {"reference", "smallest"}
