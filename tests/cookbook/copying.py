"""Checks of the chapter "To copy a district"."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gateway.sandbox.truth import ACTIVE
from tests.cookbook.kitchen import Kitchen, recipe, same, settled


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _id(kind: str, row: dict[str, Any]) -> dict[str, str]:
    return {"id": f"{kind}:springfield:{row['sourcedId']}"}


@recipe("Everything of one district, flat, in one version")
async def pull(kitchen: Kitchen) -> None:
    truth = kitchen.told().truth
    published = kitchen.told().server.published("enrollments")
    rows: list[Any] = []
    after = snapshot = None
    query = kitchen.recipe.query.replace("first: 10000", "first: 300")
    assert query != kitchen.recipe.query
    while True:
        answer = await kitchen.ask(query, source="springfield", after=after, snapshot=snapshot)
        assert "errors" not in answer
        page = answer["data"]["enrollments"]
        assert page["totalCount"] == len(published)
        assert page["complete"]
        rows += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after, snapshot = page["pageInfo"]["endCursor"], page["snapshot"]
        assert snapshot is not None
        truth.remove(truth.enrollments[0])
        await kitchen.ask(
            """mutation { refreshSource(input: { source: "springfield", collections: [ENROLLMENT], full: true }) {
                 userErrors { code }
               } }"""
        )
        await settled(kitchen, "springfield")
    assert len(published) - len(kitchen.told().server.published("enrollments")) == 2
    assert (await kitchen.data())["enrollments"]["totalCount"] == len(published) - 2
    assert same(
        [
            {k: v for k, v in row.items() if k.endswith("Ref") or k in ("sourcedId", "role", "beginDate", "endDate")}
            | {"status": row["status"] == "ACTIVE", "at": _instant(row["dateLastModified"]).timestamp()}
            for row in rows
        ],
        [
            {
                "sourcedId": row["sourcedId"],
                "role": row["role"].upper(),
                "beginDate": row.get("beginDate"),
                "endDate": row.get("endDate"),
                "userRef": _id("User", row["user"]),
                "classRef": _id("Class", row["class"]),
                "schoolRef": _id("Org", row["school"]),
                "status": row["status"] == ACTIVE,
                "at": _instant(row["dateLastModified"]).timestamp(),
            }
            for row in published
        ],
    )
    assert set(kitchen.servers["springfield"].requests) <= {"POST token", "GET /enrollments"}


@recipe("What changed since")
async def changed_since(kitchen: Kitchen) -> None:
    told = kitchen.told()
    since = _instant(kitchen.variables["since"])
    users = (await kitchen.data())["users"]
    wanted = [row for row in told.server.published("users") if _instant(row["dateLastModified"]) > since]
    assert users["complete"]
    assert users["totalCount"] == len(wanted) > 5
    assert not users["pageInfo"]["hasNextPage"]
    assert {n["id"] for n in users["nodes"]} == {f"User:springfield:{row['sourcedId']}" for row in wanted}
    days = [_instant(n["dateLastModified"]) for n in users["nodes"]]
    assert days == sorted(days)
    person = told.truth.users[4]
    told.truth.update(person, status="tobedeleted", modified="2026-11-21T17:59:00.000Z")
    later = (await kitchen.data(since=users["nodes"][-1]["dateLastModified"]))["users"]
    assert [(n["displayName"], n["status"]) for n in later["nodes"]] == [(told.name(person), "TOBEDELETED")]


@recipe("My ids, fetched again")
async def mine(kitchen: Kitchen) -> None:
    ids = kitchen.variables["ids"]
    nodes = (await kitchen.data())["nodes"]
    assert [n and n["id"] for n in nodes] == [*ids[:-1], None]
    told = kitchen.told()
    person = told.server.truth_of("users", ids[0].rpartition(":")[2])
    class_ = told.server.truth_of("classes", ids[1].rpartition(":")[2])
    school = kitchen.servers["harbor-flats"].truth_of("orgs", ids[2].rpartition(":")[2])
    assert [n and n.get("displayName") for n in nodes] == [told.name(person), None, None, None]
    assert (nodes[1]["title"], nodes[2]["name"]) == (class_.title, school.name)
    [row] = [r for r in told.server.published("users") if ids[0].endswith(r["sourcedId"])]
    assert nodes[0]["formerSourcedIds"] == [row["metadata"]["ic.legacysourceId"]]


@recipe("My ids after a change of version")
async def renamed(kitchen: Kitchen) -> None:
    data = await kitchen.data()
    published = {
        row["metadata"]["ic.legacysourceId"]: row["sourcedId"] for row in kitchen.told().server.published("users")
    }
    now = published["70194"]
    assert data["nodes"] == [
        {"id": f"User:springfield:{now}", "sourcedId": now, "status": "ACTIVE", "formerSourcedIds": ["70194"]}
    ]
    assert data["users"]["complete"]
    assert data["users"]["totalCount"] == len(kitchen.variables["old"])
    assert {n["sourcedId"]: n["formerSourcedIds"] for n in data["users"]["nodes"]} == {
        published[old]: [old] for old in kitchen.variables["old"]
    }


@recipe("A filter from an existing integration")
async def filter_text(kitchen: Kitchen) -> None:
    told = kitchen.told()
    users = (await kitchen.data())["users"]
    wanted = [u for u in told.active("users") if u.has("teacher") and "s" in u.family.lower()]
    assert users["complete"]
    assert users["totalCount"] == len(wanted) > 0
    assert {n["sourcedId"] for n in users["nodes"]} == {told.sourced_id("User", u.id) for u in wanted}
    for key in kitchen.servers:
        users = (await kitchen.data(source=key))["users"]
        assert users["complete"]
        assert all("s" in n["familyName"].lower() for n in users["nodes"])
    [error] = (await kitchen.whole(filter="role='teacher' AND AND"))["errors"]
    assert error["extensions"]["code"] == "BAD_FILTER_TEXT"
    assert "position" in error["message"] or any(c.isdigit() for c in error["message"])
