"""A small district that is served as it should be, over the raw socket: what a fault is laid over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2

from tests.adapters.school import ROOT, School
from tests.faults.server import Asked, Play
from tests.faults.wire import answer

Raw = dict[str, Any]

GIVEN = "Kanarina"
FAMILY = "Kanarius"
TOKEN = "canary-token-8d1f"
SECRET = "canary-secret-77ab"
BODY = "canary-body-31c5"
CANARIES = (TOKEN, SECRET, BODY, GIVEN, FAMILY, "kanari")
"""What stands in records, filters, credentials and upstream errors, and nowhere in what the gateway says of itself."""

USERS = 40
CLASSES = 4


def user(n: int) -> Raw:
    return {
        "sourcedId": f"u{n:03}",
        "status": "active",
        "enabledUser": "true",
        "username": f"kanari{n}",
        "givenName": GIVEN,
        "familyName": f"{FAMILY} {n}",
        "email": f"kanari{n}@district.test",
        "role": "student" if n % 10 else "teacher",
        "orgs": [{"sourcedId": "s1", "type": "org"}],
    }


def _class(n: int) -> Raw:
    return {
        "sourcedId": f"c{n}",
        "status": "active",
        "title": f"Class {n}",
        "classType": "homeroom",
        "course": {"sourcedId": "k1", "type": "course"},
        "school": {"sourcedId": "s1", "type": "org"},
        "terms": [{"sourcedId": "t1", "type": "academicSession"}],
    }


def tables(users: int = USERS) -> dict[str, list[Raw]]:
    return {
        "orgs": [{"sourcedId": "s1", "status": "active", "name": "Elm School", "type": "school"}],
        "users": [user(n) for n in range(users)],
        "classes": [_class(n) for n in range(CLASSES)],
        "courses": [{"sourcedId": "k1", "status": "active", "title": "Biology", "org": {"sourcedId": "s1"}}],
        "enrollments": [
            {
                "sourcedId": f"e{n:03}",
                "status": "active",
                "role": "student",
                "user": {"sourcedId": f"u{n:03}"},
                "class": {"sourcedId": f"c{n % CLASSES}"},
                "school": {"sourcedId": "s1"},
            }
            for n in range(users)
        ],
        "academicSessions": [],
        "demographics": [
            {"sourcedId": f"u{n:03}", "status": "active", "birthDate": "2012-05-01"} for n in range(users)
        ],
    }


class District:
    """`play` serves it. `school` has its tables, its tokens and how it pages."""

    def __init__(self, users: int = USERS) -> None:
        self.school = School(**tables(users))
        self.school.valid.add(TOKEN)

    async def play(self, asked: Asked) -> AsyncIterator[bytes]:
        target = asked.target if asked.target.startswith("/") else "/"
        request = httpx2.Request(
            asked.method, f"https://h.example{target}", headers=list(asked.headers), content=asked.body
        )
        yield as_bytes(await self.school(request))

    def page(self, collection: str) -> Raw:
        """The body that a page with everything of a collection has."""
        return {collection: self.school.tables[collection]}


def as_bytes(response: httpx2.Response) -> bytes:
    about = [
        (name, value)
        for name, value in response.headers.items()
        if name.lower() not in ("content-length", "content-type")
    ]
    return answer(response.content, response.status_code, *about, content_type=response.headers.get("content-type"))


def is_data(asked: Asked) -> bool:
    return asked.path.startswith(ROOT)


def is_of(*collections: str) -> Any:
    """Holds for requests of these collections."""
    return lambda asked: asked.path.removeprefix(ROOT).split("/")[1:2] in [[c] for c in collections]


def over_data(fault: Play, right: Play) -> Play:
    """The fault for data, and tokens as they should be."""
    return lambda asked: fault(asked) if is_data(asked) else right(asked)
