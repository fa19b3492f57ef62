"""Checks of the chapter "Over many districts"."""

from __future__ import annotations

from gateway.sandbox.demo import DEMO
from gateway.web import cookbook
from tests.cookbook.kitchen import Json, Kitchen, recipe, settled

PILOT = [d.key for d in DEMO if "pilot" in d.labels]


async def read_anew(kitchen: Kitchen, key: str) -> None:
    """By the page's own recipe."""
    [again] = [r for r in cookbook.load() if r.title == "Read a source anew, now"]
    await kitchen.ask(again.query, source=key)
    await settled(kitchen, key)


async def everybody(kitchen: Kitchen, key: str) -> list[Json]:
    """All enrollments."""
    query = "query ($key: ID!) { enrollments(sources: [$key], status: null, first: 10000) { nodes { id status } } }"
    nodes: list[Json] = (await kitchen.ask(query, key=key))["data"]["enrollments"]["nodes"]
    return nodes


async def lose(kitchen: Kitchen, key: str) -> tuple[int, int]:
    """Two thirds of a source's enrollments vanish and it is read anew: how many there were, and are."""
    truth = kitchen.servers[key].district
    await read_anew(kitchen, key)
    before = len(await everybody(kitchen, key))
    for enrollment in list(truth.enrollments)[: before * 2 // 3]:
        truth.remove(enrollment)
    await read_anew(kitchen, key)
    return before, len(kitchen.servers[key].published("enrollments"))


@recipe("Which sources need me")
async def needy(kitchen: Kitchen) -> None:
    nothing = (await kitchen.data())["sources"]
    assert (nothing["totalCount"], nothing["nodes"]) == (0, [])
    kitchen.servers["harbor-flats"].down = True
    kitchen.servers["northfield"].answer_next(500, times=50)
    await kitchen.ask("{ orgs { totalCount } }")
    found = (await kitchen.data())["sources"]
    assert found["totalCount"] == 2
    assert {k["value"]: g["count"] for g in found["countByState"] for k in g["keys"]} == {"FAILED": 2}
    assert {(n["key"], n["state"]) for n in found["nodes"]} == {("harbor-flats", "FAILED"), ("northfield", "FAILED")}
    assert {n["lastError"] for n in found["nodes"]} <= {"UPSTREAM_FAILING", "UPSTREAM_UNREACHABLE"}


@recipe("Pilot districts only, partial is fine")
async def pilot(kitchen: Kitchen) -> None:
    users = (await kitchen.data())["users"]
    assert users["complete"]
    teachers = {key: [u for u in kitchen.told(key).active("users") if u.has("teacher")] for key in PILOT}
    assert users["totalCount"] == sum(map(len, teachers.values()))
    assert {(n["source"]["key"], n["displayName"]) for n in users["nodes"]} == {
        (key, kitchen.told(key).name(u)) for key, people in teachers.items() for u in people
    }
    assert {key for key in kitchen.servers if kitchen.requests(key)} == {*PILOT}


@recipe("What the shrink guard holds back")
async def holds(kitchen: Kitchen) -> None:
    assert (await kitchen.data())["sources"] == {"totalCount": 0, "nodes": []}
    old = {n["id"].rpartition(":")[2] for n in await everybody(kitchen, "springfield")}
    before, now = await lose(kitchen, "springfield")
    [node] = (await kitchen.data())["sources"]["nodes"]
    [hold] = node["holds"]
    assert (node["key"], hold["collection"]) == ("springfield", "ENROLLMENT")
    assert (hold["rowsBefore"], hold["rowsNow"]) == (before, now)
    left = {row["sourcedId"] for row in kitchen.servers["springfield"].published("enrollments")}
    assert hold["sampleSourcedIds"]
    assert {*hold["sampleSourcedIds"]} <= old - left
    assert len(await everybody(kitchen, "springfield")) == before


@recipe("Accept a rollover")
async def rollover(kitchen: Kitchen) -> None:
    assert (await kitchen.data())["decideHolds"] == {"holds": [], "userErrors": []}
    before, now = await lose(kitchen, "springfield")
    decided = (await kitchen.data())["decideHolds"]
    assert decided["userErrors"] == []
    [hold] = decided["holds"]
    assert (hold["source"]["key"], hold["collection"]) == ("springfield", "ENROLLMENT")
    assert (hold["rowsBefore"], hold["rowsNow"]) == (before, now)
    assert len(await everybody(kitchen, "springfield")) == now


@recipe("Read a source anew, now")
async def again(kitchen: Kitchen) -> None:
    truth = kitchen.servers["springfield"].district
    await read_anew(kitchen, "springfield")
    before = await everybody(kitchen, "springfield")
    truth.remove(truth.enrollments[-1])
    assert await everybody(kitchen, "springfield") == before
    begun = (await kitchen.data())["refreshSource"]
    assert begun["userErrors"] == []
    states = {c["type"]: c["state"] for c in begun["source"]["collections"]}
    assert (states["ENROLLMENT"], states["ORG"]) == ("LOADING", "FRESH")
    assert (await settled(kitchen, "springfield"))["ENROLLMENT"]["rows"] == len(before) - 1
    assert len(await everybody(kitchen, "springfield")) == len(before) - 1
