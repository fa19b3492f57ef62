"""Gradebook and resources: what a district has of them, and which servers serve it, in which spelling."""

from collections import Counter
from typing import Any

import httpx2
import pytest

from gateway.sandbox.district import generate
from gateway.sandbox.kinds import KINDS
from gateway.sandbox.server import make_server
from gateway.sandbox.truth import District

BASE = "http://sandbox.example"
COLLECTIONS = (
    *("categories", "lineItems", "results", "scoreScales", "assessmentLineItems", "assessmentResults"),
    "resources",
)
SCOPES = "roster.readonly gradebook.readonly assessment.readonly resource.readonly"


@pytest.fixture(scope="module")
def made() -> District:
    return generate(7, 60, id_style="awkward")


async def get(server: Any, path: str, *, scopes: str = SCOPES, **headers: str) -> httpx2.Response:
    """GET below the server's address, at the root of the service named first."""
    prefix = f"https://purl.imsglobal.org/spec/or/v{server.kind.version.replace('.', 'p')}/scope/"
    form = {"grant_type": "client_credentials", "scope": " ".join(prefix + s for s in scopes.split())}
    settings = server.settings(BASE)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=server.app)) as client:
        pair = (settings["client_id"], settings["client_secret"])
        token = await client.post(settings["token_url"], auth=pair, data=form)
        bearer = {"authorization": f"Bearer {token.json()['access_token']}", **headers}
        return await client.get(BASE + path, headers=bearer)


@pytest.mark.parametrize("students", [50, 2000])
def test_a_district_has_a_modest_gradebook_whose_references_hold(students: int) -> None:
    made = generate(3, students)
    assert all(made.records(name) for name in COLLECTIONS)
    assert len(made.results) < 3000
    assert {item.class_id for item in made.line_items} <= {taught.id for taught in made.classes}
    assert {item.category for item in made.line_items} <= {category.id for category in made.categories}
    assert {result.line_item for result in made.results} == {item.id for item in made.line_items}
    assert {result.student for result in made.results} <= {user.id for user in made.users_with("student")}
    used = {r for course in made.courses for r in course.resources}
    used |= {r for taught in made.classes for r in taught.resources}
    used |= {r for user in made.users for r in user.resources}
    assert used
    assert used <= {resource.id for resource in made.resources}
    for name in COLLECTIONS:
        assert Counter(record.id for record in made.records(name)).most_common(1)[0][1] == 1
        assert {record.status for record in made.records(name)} == {"active", "tobedeleted"}


@pytest.mark.anyio
async def test_1_2_serves_each_service_at_a_root_of_its_own(made: District) -> None:
    server = make_server("standard-1.2", made)
    found = await get(server, "/ims/oneroster/gradebook/v1p2/lineItems?limit=1")
    item = found.json()["lineItems"][0]
    assert {"school", "academicSession", "learningObjectiveSet"} <= set(item)
    assert item["category"]["href"].startswith("https://sis.")
    assert "/ims/oneroster/gradebook/v1p2/categories/" in item["category"]["href"]
    assert "/ims/oneroster/rostering/v1p2/classes/" in item["class"]["href"]
    for path in ("rostering/v1p2/lineItems", "gradebook/v1p2/users", "resources/v1p2/lineItems"):
        assert (await get(server, f"/ims/oneroster/{path}")).status_code == 404
    resources = await get(server, "/ims/oneroster/resources/v1p2/resources")
    assert len(resources.json()["resources"]) == len(made.resources)


@pytest.mark.anyio
async def test_1_1_serves_all_in_one_place_without_what_1_2_added(made: District) -> None:
    server = make_server("standard-1.1", made)
    root = "/ims/oneroster/v1p1"
    item = (await get(server, f"{root}/lineItems?limit=1")).json()["lineItems"][0]
    assert "gradingPeriod" in item
    assert not {"school", "academicSession", "scoreScale", "learningObjectiveSet"} & set(item)
    result = (await get(server, f"{root}/results?limit=1")).json()["results"][0]
    assert result["student"]["type"] == "student"
    assert isinstance(result["score"], float)
    assert "class" not in result
    for name in ("scoreScales", "assessmentLineItems", "assessmentResults"):
        assert (await get(server, f"{root}/{name}")).status_code == 404


@pytest.mark.anyio
async def test_each_service_needs_its_scope(made: District) -> None:
    server = make_server("standard-1.2", made)
    for path in ("gradebook/v1p2/results", "resources/v1p2/resources", "gradebook/v1p2/assessmentResults"):
        assert (await get(server, f"/ims/oneroster/{path}", scopes="roster.readonly")).status_code == 403
    found = await get(server, "/ims/oneroster/gradebook/v1p2/results", scopes="gradebook-core.readonly")
    assert found.status_code == 200


@pytest.mark.anyio
async def test_infinite_campus_wants_a_second_header_for_its_gradebook(made: District) -> None:
    server = make_server("infinite-campus-1.2", made)
    root = server.root.replace("rostering", "gradebook")
    assert (await get(server, f"{root}/categories")).status_code == 401
    found = await get(server, f"{root}/categories", **{"x-vendor-authorization": "made:up"})
    assert [c["sourcedId"] for c in found.json()["categories"]] == ["00000000-0000-0000-0000-000000000000"]


@pytest.mark.anyio
async def test_routes_below_a_class_answer_its_own(made: District) -> None:
    server = make_server("standard-1.2", made)
    item = next(i for i in made.line_items if i.scale)
    root = "/ims/oneroster/gradebook/v1p2/classes/" + item.class_id.replace("/", "%2F").replace("#", "%23")
    mine = [i.id for i in made.line_items if i.class_id == item.class_id]
    results = [r for r in made.results if r.line_item in mine]
    line_item = item.id.replace("/", "%2F").replace("&", "%26")
    for path, key, expected in (
        ("lineItems", "lineItems", mine),
        ("results", "results", [r.id for r in results]),
        (f"lineItems/{line_item}/results", "results", [r.id for r in results if r.line_item == item.id]),
        ("scoreScales", "scoreScales", [s.id for s in made.score_scales if s.class_id == item.class_id]),
    ):
        found = await get(server, f"{root}/{path}?limit=1000")
        assert sorted(row["sourcedId"] for row in found.json()[key]) == sorted(expected)


def test_what_no_product_is_known_to_serve_is_not_served() -> None:
    without = {slug for slug, kind in KINDS.items() if "lineItems" not in kind.routes}
    assert without == {"classlink", "classlink-proxy", "xporter", "xporter-generic", "alpha", "ed-fi"}
    assert {slug for slug, kind in KINDS.items() if "resources" not in kind.routes} == without | {"aeries", "skyward"}


def test_profiles_are_sent_with_credentials_as_the_standard_has_them(made: District) -> None:
    rows = make_server("standard-1.2", made).published("users")
    profiles = [profile for row in rows for profile in row.get("userProfiles", ())]
    assert profiles
    assert all(profile["credentials"][0]["password"].startswith("made-up") for profile in profiles)
    assert not any("userProfiles" in row for row in make_server("standard-1.1", made).published("users"))
