"""What the right answers are: read from the make-believe district itself, not from any server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from bench.queries import CLASSES, COURSES, ENROLLMENTS, USERS, Question
from gateway.sandbox.district import FIXED_TODAY
from gateway.sandbox.exact import exact_district
from gateway.sandbox.truth import District

SEED = 1
_CHANGED = datetime(2026, 3, 1, tzinfo=UTC)


class WrongAnswer(Exception):
    """A server said something else than the district's truth. No figure of such a run is worth anything."""


def exact() -> District:
    return exact_district(SEED, today=FIXED_TODAY)


def changed(district: District, turn: int) -> None:
    """Changes one record in a hundred of each collection that W2 reaches; another in each turn, and later."""
    stamp = f"{(_CHANGED + timedelta(days=turn)).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
    changes: tuple[tuple[list[Any], dict[str, str]], ...] = (
        (district.users, {"family": f"Changed {turn}"}),
        (district.classes, {"title": f"Changed class {turn}"}),
        (district.courses, {"title": f"Changed course {turn}"}),
        (district.enrollments, {"role": "aide"}),
    )
    for records, change in changes:
        for record in sorted(records, key=lambda each: each.id)[turn::100]:
            district.update(record, modified=stamp, **change)


def rows_of(district: District) -> list[dict[str, Any]]:
    """Every user with what W2 asks of them, in the order of sourcedId."""
    courses = {course.id: course.title for course in district.courses}
    classes = {each.id: (each.title, courses.get(each.course or "")) for each in district.classes}
    below: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for each in district.enrollments:
        below[each.user].append((each.role.upper(), *classes[each.class_id]))
    return [
        {
            "sourcedId": user.id,
            "status": user.status.upper(),
            "dateLastModified": datetime.fromisoformat(user.modified),
            "username": user.username,
            "givenName": user.given,
            "familyName": user.family,
            "middleName": user.middle,
            "identifier": user.identifier,
            "email": user.email,
            "phone": user.phone,
            "enrollments": sorted(below[user.id]),
        }
        for user in sorted(district.users, key=lambda user: user.id)
    ]


class Truth:
    """The exact district, as rows in the order of sourcedId."""

    def __init__(self, district: District | None = None) -> None:
        district = district or exact()
        parts: tuple[list[Any], ...] = (district.users, district.classes, district.courses, district.enrollments)
        counts = tuple(map(len, parts))
        if counts != (USERS, CLASSES, COURSES, ENROLLMENTS):
            raise WrongAnswer(f"the sandbox district has {counts} users, classes, courses and enrollments")
        self.rows = rows_of(district)

    def check(self, question: Question, start: int, body: bytes) -> None:
        """Raises:
        WrongAnswer: the answer is not the window of `question` that begins after `start` rows.
        """
        answer = msgspec.json.decode(body)
        if answer.get("errors") or not answer.get("data"):
            raise WrongAnswer(f"{question.name} after {start}: {str(answer.get('errors'))[:300]}")
        users = answer["data"]["users"]
        rows = users["nodes"] if isinstance(users, dict) else users
        names = (*question.fields, *(("enrollments",) if question.tree else ()))
        wanted = [{name: row[name] for name in names} for row in self.rows[start : start + question.first]]
        found = [plain(row) for row in rows]
        if found != wanted:
            at = next((n for n, pair in enumerate(zip(found, wanted, strict=False)) if pair[0] != pair[1]), len(found))
            raise WrongAnswer(f"{question.name} after {start}: {len(found)} rows, wrong from row {at}")


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what servers may spell in their own way: case of coded values, instants, order of enrollments."""
    made = dict(row)
    if "status" in made:
        made["status"] = made["status"].upper()
        made["dateLastModified"] = datetime.fromisoformat(made["dateLastModified"])
    if "enrollments" in made:
        made["enrollments"] = sorted(map(_enrollment, _list(made["enrollments"])))
    return made


def _list(rows: Sequence[Mapping[str, Any]] | None) -> Sequence[Mapping[str, Any]]:
    return rows or ()


def _enrollment(row: Mapping[str, Any]) -> tuple[Any, ...]:
    klass = row["class"] or {}
    return (row["role"].upper(), klass.get("title"), (klass.get("course") or {}).get("title"))
