"""What clients of generated grants ask for, and say for arguments: what most of them may not see, or go by."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from tests.gateway.generated_cases import OFTEN, values
from tests.gateway.granted_answers import FIELDS, ORDERS
from tests.gateway.granted_worlds import Schools
from tests.gateway.made_operations import Values, Word

PERSONAL = frozenset(
    {
        *OFTEN,
        *FIELDS,
        *(f"{kind}.{name}" for kind in ("User", "Org", "Class", "Course", "Result") for name in ("metadata", "title")),
        *("Query.usersByIdentity", "Query.demographics", "Query.results"),
        *(f"Class.{name}" for name in ("students", "teachers", "primaryTeacher", "studentCount", "lineItems")),
        *("Demographics.user", "Demographics.birthDate", "Demographics.sex", "Demographics.cityOfBirth"),
        *("Result.student", "Result.score", "Result.textScore", "AssessmentResult.student", "LineItem.results"),
        *("User.metadataValue", "User.primaryOrg", "User.roles", "Org.users", "Source.currentSession"),
        *("UserConnection.groups", "ClassConnection.groups", "EnrollmentConnection.groups"),
    }
)

_COMPARED = ("givenName", "familyName", "email", "username", "identifier", "userMasterIdentifier")


def spoken(schools: Schools, known_ids: Sequence[str]) -> Values:
    """What is said for arguments: also what was planted, which most grants do not leave, and ids of earlier answers."""
    known = values(schools.servers)
    people = [each for each in schools.book.values if each.startswith("zq")]
    keys = list(schools.schools)

    def word(r: Random) -> str:
        return r.choice(people) if r.random() < 0.7 else r.choice(["a", "zq", "07", ""])

    def text(r: Random) -> str | None:
        field = r.choice(["familyName", "email", "status", "metadata.note", "identifier", "username", "sourcedId"])
        value = "active" if field == "status" else word(r)
        return r.choice([None, f"{field}='{value}'", f"status='active' AND {field}>'{value[:5]}'"])

    def some_ids(r: Random) -> list[str]:
        return r.sample(known_ids, min(4, len(known_ids))) if r.random() < 0.4 else known["ids"](r)

    def node(r: Random) -> dict[str, str]:
        return {"id": r.choice(known_ids)} if known_ids and r.random() < 0.4 else known["Query.node"](r)

    def compared(r: Random) -> dict[str, Any]:
        return r.choice(
            [{"eq": word(r)}, {"contains": "zq"}, {"startsWith": "zq0"}, {"isNull": False}, {"ne": word(r)}]
        )

    def people_filter(r: Random) -> dict[str, Any]:
        chance = r.random()
        if chance < 0.4:
            return {r.choice(_COMPARED): compared(r)}
        if chance < 0.6:
            return {r.choice(["and", "or"]): [people_filter(r), {"enabledUser": {"eq": True}}]}
        if chance < 0.65:
            return {"not": people_filter(r)}
        if chance < 0.7:
            return {"metadata": {"name": "bus", "value": compared(r)}}
        return r.choice(
            [
                {"role": {"eq": Word("STUDENT")}},
                {"orgs": {"sourcedId": r.choice(["o-00002", "o-00003"])}},
                {"orgCount": {"gte": 2}},
                {"enrollments": {"role": [Word("STUDENT")], "count": {"gte": 1}}},
                {"roles": {"org": {"sourcedId": "o-00003"}, "role": [Word("TEACHER")]}},
                {"sourcedId": {"in": [f"u-{r.randint(1, 120):05}", f"u-{r.randint(1, 120):05}"]}},
            ]
        )

    def people_order(r: Random) -> list[dict[str, Any]]:
        field = r.choice([*ORDERS, "SOURCED_ID", "DATE_LAST_MODIFIED"])
        return [{"field": Word(field), "direction": Word(r.choice(["ASC", "DESC"]))}]

    def of_people(r: Random) -> dict[str, Any]:
        said: dict[str, Any] = {"first": r.choice([0, 2, 3, 4, 5])}
        for name, make in (("filter", people_filter), ("orderBy", people_order)):
            if r.random() < 0.25:
                said[name] = make(r)
        if r.random() < 0.2:
            said["status"] = None
        return said

    def of_all_people(r: Random) -> dict[str, Any]:
        said = of_people(r)
        if r.random() < 0.12:
            said["search"] = r.choice([word(r), "zq"])
        if r.random() < 0.12:
            said["filterText"] = text(r)
        if r.random() < 0.2:
            said["sources"] = r.choice([keys, keys[:1], keys[-1:]])
        return said

    def by_identity(r: Random) -> dict[str, Any]:
        said: dict[str, Any] = {"identity": identity(r), "first": 4}
        if r.random() < 0.6:
            said["sources"] = r.choice([keys, keys[:1]])
        return said

    def identity(r: Random) -> dict[str, Any]:
        name = r.choice(["username", "email", "identifier", "userMasterIdentifier", "userId"])
        value = f"{word(r)}@mail.example" if name == "email" else word(r)
        return {name: {"type": "LDAP", "identifier": value} if name == "userId" else value}

    return known | {
        "ids": some_ids,
        "Query.node": node,
        "Query.users": of_all_people,
        "Query.usersByIdentity": by_identity,
        "Org.users": of_people,
        "Resource.users": of_people,
        "UserFilter": people_filter,
        "String": word,
        "search": lambda r: r.choice([word(r), "zq", "a"]),
        "filterText": text,
        "name": lambda r: "bus",
        "MetadataFilter": lambda r: {"name": r.choice(["bus", "bus", "bus", "note"]), "value": compared(r)},
        "keys": lambda r: r.choice([None, ["note"], ["sis.bus", "level"], ["sis.bus"]]),
        "IdentityInput": identity,
        "read": lambda r: r.choice([None, {"onSourceFailure": Word(r.choice(["REPORT", "ACCEPT", "FAIL"]))}]),
    }
