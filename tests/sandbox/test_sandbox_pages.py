"""Paging, counts, sorting, filters, selection, single and nested reads."""

from typing import Any
from urllib.parse import quote

import pytest

from gateway.sandbox.district import generate
from gateway.sandbox.exact import exact_district
from gateway.sandbox.kinds import KINDS

pytestmark = pytest.mark.anyio
PAGED = [slug for slug in KINDS if not slug.startswith("xporter")]


@pytest.mark.parametrize("kind", list(KINDS))
async def test_pages_together_are_what_is_published(connect: Any, kind: str) -> None:
    reach = connect(kind)
    published = reach.server.published("enrollments")
    walked: list[dict[str, Any]] = []
    while page := await reach.rows("/enrollments", limit=97, offset=len(walked)):
        walked += page
    if kind == "ed-fi":  # its order is by sourcedId
        published = sorted(published, key=lambda made: made["sourcedId"])
    assert walked == published


@pytest.mark.parametrize("kind", PAGED)
async def test_without_limit_a_page_has_a_hundred(connect: Any, kind: str) -> None:
    reach = connect(kind)
    assert len(reach.server.published("enrollments")) > 100
    assert len(await reach.rows("/enrollments")) == 100


@pytest.mark.parametrize("kind", ["xporter", "xporter-generic"])
async def test_xporter_sends_all_rows_without_limit(connect: Any, kind: str) -> None:
    reach = connect(kind)
    assert await reach.rows("/enrollments") == reach.server.published("enrollments")


@pytest.mark.parametrize(
    ("kind", "most"),
    [("standard-1.1", 1000), ("wide", 1000), ("classlink", 10_000), ("ed-fi", 500), ("alpha", 1000), ("skyward", 5000)],
)
async def test_a_larger_limit_is_clamped_silently(connect: Any, kind: str, most: int) -> None:
    assert KINDS[kind].max_limit == most
    reach = connect(kind, exact_district(1, users=60, enrollments=1200))
    assert len(await reach.rows("/enrollments", limit=20_000)) == min(most, 1200)


async def test_timeback_refuses_a_larger_limit(connect: Any) -> None:
    reach = connect("timeback")
    assert (await reach.get("/users", limit=3001)).status_code == 400
    assert (await reach.get("/users", limit=3000)).status_code == 200


@pytest.mark.parametrize("bad", ["0", "-1", "1e3", "x", "٣"])
async def test_a_limit_that_is_no_number_from_one_is_refused(connect: Any, bad: str) -> None:
    assert (await connect("ed-fi").get("/users", limit=bad)).status_code == 400


async def test_an_empty_collection_is_an_empty_array(connect: Any) -> None:
    answer = await connect("standard-1.2").get("/users", filter="sourcedId='nobody'")
    assert answer.json() == {"users": []}
    assert answer.headers["x-total-count"] == "0"


async def test_links_lead_through_the_collection(connect: Any) -> None:
    reach = connect("standard-1.2")
    total = len(reach.server.published("users"))
    answer, seen = await reach.get("/users", limit=50, filter="status!='x'"), 0
    while True:
        seen += len(answer.json()["users"])
        assert answer.headers["x-total-count"] == str(total)
        if "next" not in answer.links:
            break
        bearer = {"authorization": f"Bearer {reach.token}"}
        answer = await reach.client.get(answer.links["next"]["url"], headers=bearer)
    assert seen == total


async def test_proxied_links_name_another_host(connect: Any) -> None:
    answer = await connect("classlink-proxy").get("/users", limit=5)
    assert answer.links["next"]["url"].startswith("https://district.oneroster.example/")


async def test_where_each_tells_its_counts(connect: Any) -> None:
    classlink = await connect("classlink").get("/users", limit=5)
    assert (classlink.headers["x-count"], classlink.headers["x-perm-rev"]) == ("5", "41-b")
    alpha = (await connect("alpha").get("/users", limit=5, offset=5)).json()
    assert (alpha["offset"], alpha["limit"], alpha["total"] > 100) == (5, 5, True)
    timeback = (await connect("timeback").get("/users", limit=5, offset=5)).json()
    assert timeback["pageNumber"] == 2
    assert timeback["pageCount"] == -(-timeback["totalCount"] // 5)
    for kind in ("xporter", "ed-fi", "skyward", "alpha", "timeback"):
        headers = (await connect(kind).get("/users", limit=5)).headers
        assert "x-total-count" not in headers
        assert "link" not in headers


async def test_a_changed_district_changes_the_classlink_revision_and_the_pages(connect: Any) -> None:
    made = generate(9, 50)
    reach = connect("classlink", made)
    before = await reach.get("/users", limit=1)
    made.remove(made.users[-1])
    after = await reach.get("/users", limit=1)
    assert before.headers["x-perm-rev"] != after.headers["x-perm-rev"]
    assert int(after.headers["x-total-count"]) == int(before.headers["x-total-count"]) - 1


async def test_sorting_follows_unicode_both_ways(connect: Any) -> None:
    reach = connect("standard-1.2")
    names = [row["familyName"] for row in await reach.rows("/users", limit=1000, sort="familyName")]
    assert names == sorted(names)
    down = [row["familyName"] for row in await reach.rows("/users", limit=1000, sort="familyName", orderBy="desc")]
    assert down == sorted(names, reverse=True)
    assert await reach.ids("/users", limit=1000, sort="sourcedId") == sorted(await reach.ids("/users", limit=1000))


async def test_an_unknown_sort_field_means_the_providers_order(connect: Any) -> None:
    old, new = connect("standard-1.1"), connect("standard-1.2")
    answer = await old.get("/users", limit=9, sort="shoeSize")
    assert answer.json()["statusInfoSet"][0]["imsx_codeMinor"] == "invalid_sort_field"
    assert answer.json()["users"] == old.server.published("users")[:9]
    assert await new.rows("/users", limit=9, sort="shoeSize") == new.server.published("users")[:9]


@pytest.mark.parametrize(
    ("text", "keeps"),
    [
        ("role='student'", lambda e: e["role"] == "student"),
        ("role!='student'", lambda e: e["role"] != "student"),
        ("role='teacher' AND primary='true'", lambda e: e.get("primary") == "true"),
        ("role='teacher' OR role='proctor'", lambda e: e["role"] in ("teacher", "proctor")),
        ("role~'tea'", lambda e: e["role"] == "teacher"),
        (
            "dateLastModified>'2025-10-01T00:00:00.000Z' AND dateLastModified<='2025-12-01T00:00:00.000Z'",
            lambda e: "2025-10-01T00:00:00.000Z" < e["dateLastModified"] <= "2025-12-01T00:00:00.000Z",
        ),
        ("class.sourcedId='cl/3'", lambda e: e["class"]["sourcedId"] == "cl/3"),
        ("beginDate>='2025-08-20'", lambda e: e.get("beginDate", "") >= "2025-08-20"),
    ],
)
async def test_a_filter_keeps_what_it_says(connect: Any, text: str, keeps: Any) -> None:
    reach = connect("standard-1.2")
    wanted = [row["sourcedId"] for row in reach.server.published("enrollments") if keeps(row)]
    assert wanted
    assert await reach.ids("/enrollments", limit=1000, filter=text) == wanted


async def test_dotted_fields_reach_into_arrays_of_1_2_users(connect: Any) -> None:
    reach = connect("standard-1.2")
    found = await reach.rows("/users", limit=1000, filter="roles.role='counselor'")
    assert found
    assert all(row["roles"][0]["role"] == "counselor" for row in found)


@pytest.mark.parametrize(
    ("kind", "text", "minor"),
    [
        ("standard-1.1", "shoeSize='9'", "invalid_filter_field"),
        ("standard-1.1", "roles.role='student'", "invalid_filter_field"),
        ("standard-1.2", "role='student'", "invalid_filter_field"),
        ("standard-1.2", "sourcedId='a' OR sourcedId='b' OR sourcedId='c'", "invaliddata"),
        ("standard-1.2", "status=active", "invaliddata"),
        ("standard-1.2", "status='active' and enabledUser='true'", "invaliddata"),
        ("standard-1.2", "familyName='O'Neil'", "invaliddata"),
        ("infinite-campus-1.2", "role='guardian'", "invalid_filter_field"),
        ("infinite-campus-1.2", "roles.role='guardian'", "invalid_filter_field"),
        ("timeback", "roles.org.sourcedId='x'", "invalid_filter_field"),
        ("ed-fi", "roles.role='student'", "invalid_data"),
        ("xporter", "sourcedId='a' OR sourcedId='b'", "invalid data"),
        ("xporter", "familyName~'a'", "invalid data"),
    ],
)
async def test_what_a_server_does_not_filter_on_is_refused(connect: Any, kind: str, text: str, minor: str) -> None:
    answer = await connect(kind).get("/users", filter=text)
    assert answer.status_code == 400
    body = answer.json()
    if kind == "ed-fi":
        assert body["imsx_codeMinor"] == minor
    elif "statusInfoSet" in body:
        assert body["statusInfoSet"][0]["imsx_codeMinor"] == minor.replace("invaliddata", "invalid data")
    else:
        assert body["imsx_CodeMinor"]["imsx_codeMinorField"][0]["imsx_codeMinorFieldValue"] == minor


async def test_xporter_joins_with_and_in_any_case_and_takes_three_dotted_paths(connect: Any) -> None:
    reach = connect("xporter")
    row = reach.server.published("enrollments")[40]
    for text in (
        f"class.sourcedId='{row['class']['sourcedId']}' and role='{row['role']}'",
        f"user.sourcedId='{row['user']['sourcedId']}' AND status='active'",
    ):
        assert row["sourcedId"] in await reach.ids("/enrollments", filter=text)
    school = reach.server.published("orgs")[0]["sourcedId"]
    assert await reach.ids("/classes", filter=f"school.sourcedId='{school}'")
    assert (await reach.get("/classes", filter="course.sourcedId='x'")).status_code == 400


async def test_the_generic_xporter_ignores_most_filters_and_sorting(connect: Any) -> None:
    reach = connect("xporter-generic")
    everyone = await reach.ids("/users")
    active = await reach.ids("/users", filter="status='active'")
    assert len(active) < len(everyone)
    assert await reach.ids("/users", filter="role='student'") == everyone
    assert await reach.ids("/users", sort="familyName", orderBy="desc") == everyone
    assert any(row["status"] != "active" for row in await reach.rows("/enrollments", filter="status='active'"))
    assert set((await reach.rows("/users", fields="sourcedId"))[0]) > {"sourcedId"}


async def test_timeback_takes_a_list_of_values(connect: Any) -> None:
    reach = connect("timeback")
    some = [row["sourcedId"] for row in reach.server.published("users")[5:45]]
    assert await reach.ids("/users", filter=f"sourcedId@'{','.join(some)}'") == some
    assert len(await reach.ids("/users", filter=f"sourcedId@'{','.join(some)}' AND status='active'")) <= len(some)


async def test_ed_fi_takes_twenty_clauses_in_any_case_and_no_more(connect: Any) -> None:
    reach = connect("ed-fi")
    some = [row["sourcedId"] for row in reach.server.published("users")[:21]]
    clauses = [f"sourcedId='{one}'" for one in some]
    assert await reach.ids("/users", filter=" or ".join(clauses[:20])) == sorted(some[:20])
    assert (await reach.get("/users", filter=" OR ".join(clauses))).status_code == 400
    assert await reach.ids("/users", filter=f'sourcedId="{some[0]}"') == some[:1]


async def test_wide_takes_a_hundred_clauses_within_its_url(connect: Any) -> None:
    made = exact_district(1, users=200, enrollments=1000)
    reach = connect("wide", made)
    some = [user.id for user in made.users[:120]]
    joined = " OR ".join(f"user.sourcedId='{one}'" for one in some[:100])
    assert len(await reach.ids("/enrollments", filter=joined, limit=1000)) == 500
    too_many = " OR ".join(f"sourcedId='{one}'" for one in some[:101])
    assert (await reach.get("/users", filter=too_many)).status_code == 400
    assert (await reach.get("/users", filter=joined + " " * 4000)).status_code == 414


async def test_limits_can_be_set_for_a_server(connect: Any) -> None:
    reach = connect("standard-1.2", max_limit=7, filter_clauses=3, max_url=200)
    assert len(await reach.rows("/users", limit=50)) == 7
    assert (await reach.get("/users", filter="role='a' OR role='b' OR role='c'")).status_code == 400
    three = "email='a' OR email='b' OR email='c'"
    assert (await reach.get("/users", filter=three)).status_code == 200
    assert (await reach.get("/users", filter="email='" + "x" * 200 + "'")).status_code == 414


async def test_fields_select_exactly_and_unknown_ones_are_answered_by_version(connect: Any) -> None:
    new, old = connect("standard-1.2"), connect("standard-1.1")
    assert set((await new.rows("/users", limit=1, fields="sourcedId,givenName"))[0]) == {"sourcedId", "givenName"}
    assert (await new.get("/users", fields="shoeSize")).status_code == 400
    assert (await new.get("/users", fields="")).status_code == 400
    answer = (await old.get("/users", limit=1, fields="sourcedId,shoeSize")).json()
    assert answer["statusInfoSet"][0]["imsx_codeMinor"] == "invalid_selection_field"
    assert len(answer["users"][0]) > 5


@pytest.mark.parametrize("kind", [slug for slug, kind in KINDS.items() if "users/{id}" in kind.routes])
async def test_every_published_user_class_and_enrollment_is_read_by_its_id(connect: Any, kind: str) -> None:
    reach = connect(kind)
    for collection, key in (("users", "user"), ("classes", "class"), ("enrollments", "enrollment"), ("orgs", "org")):
        for made in reach.server.published(collection)[::23]:
            answer = await reach.get(f"/{collection}/{quote(made['sourcedId'], safe='')}")
            body = answer.json()
            bare = kind == "alpha" and collection != "classes"
            assert (body if bare else body[key]) == made
        missing = await reach.get(f"/{collection}/nobody")
        assert missing.status_code == 404


async def test_an_id_with_a_slash_is_one_segment(connect: Any, district: Any) -> None:
    reach = connect("standard-1.2")
    assert district.class_("cl/3")
    assert (await reach.get("/classes/cl%2F3")).json()["class"]["sourcedId"] == "cl/3"
    assert (await reach.get("/classes/cl/3")).status_code == 404
    plus = next(user.id for user in district.users if user.id.startswith("s+"))
    assert (await reach.get(f"/users/{plus.replace('+', '%2B')}")).json()["user"]["sourcedId"] == plus


async def test_subsets_answer_for_their_own_only(connect: Any, district: Any) -> None:
    reach = connect("standard-1.1")
    students = await reach.ids("/students", limit=1000)
    assert students == [user.id for user in district.users_with("student")]
    teacher = (await reach.ids("/teachers"))[0].replace("/", "%2F").replace("+", "%2B")
    assert (await reach.get(f"/teachers/{teacher}")).status_code == 200
    assert (await reach.get(f"/students/{teacher}")).status_code == 404
    assert set((await reach.get("/terms")).json()) == {"academicSessions"}
    assert {row["type"] for row in await reach.rows("/schools")} == {"school"}


async def test_nested_routes_agree_with_the_truth(connect: Any, district: Any) -> None:
    reach = connect("standard-1.2")
    taught = district.classes[7]
    inside = [e for e in district.enrollments_in(taught.id) if e.status == "active"]
    path = f"/classes/{quote(taught.id, safe='')}"
    assert set(await reach.ids(f"{path}/students")) == {e.user for e in inside if e.role == "student"}
    assert set(await reach.ids(f"{path}/teachers")) == {e.user for e in inside if e.role == "teacher"}
    school = taught.school
    assert set(await reach.ids(f"/schools/{school}{path}/enrollments")) == {e.id for e in inside}
    assert await reach.ids(f"/schools/{school}/classes") == [c.id for c in district.classes_of_school(school)]
    pupil = next(e.user for e in inside if e.role == "student")
    classes = {e.class_id for e in district.enrollments_of(pupil) if e.status == "active"}
    classes &= {c.id for c in district.classes}
    assert set(await reach.ids(f"/users/{quote(pupil, safe='')}/classes")) == classes
    assert await reach.ids(f"/courses/{taught.course}/classes") == [
        c.id for c in district.classes_of_course(taught.course)
    ]
    assert (await reach.get("/classes/nowhere/students")).status_code == 404


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("standard-1.2", "/classes/c/enrollments"),
        ("xporter", "/users/u"),
        ("xporter", "/students"),
        ("alpha", "/academicSessions"),
        ("alpha", "/demographics"),
        ("alpha", "/terms/t"),
        ("ed-fi", "/schools/s/classes"),
        ("aeries", "/schools/310/classes"),
        ("aeries", "/schools/310/terms"),
    ],
)
async def test_a_route_that_a_product_lacks_is_not_found(connect: Any, kind: str, path: str) -> None:
    assert (await connect(kind).get(path)).status_code == 404


async def test_alpha_has_routes_of_its_own(connect: Any) -> None:
    reach = connect("alpha")
    user = reach.server.published("enrollments")[30]["user"]["sourcedId"]
    mine = await reach.rows(f"/users/{user}/enrollments")
    assert {row["user"]["sourcedId"] for row in mine} == {user}
    taught = mine[0]["class"]["sourcedId"]
    assert {row["class"]["sourcedId"] for row in await reach.rows(f"/classes/{taught}/enrollments")} == {taught}
    child = next(row for row in reach.server.published("users") if row.get("agents") and row.get("grades"))
    agents = await reach.ids(f"/users/{child['sourcedId']}/agents")
    assert sorted(agents) == sorted(ref["sourcedId"] for ref in child["agents"])
    assert child["sourcedId"] in await reach.ids(f"/users/{agents[0]}/linked-users")
    assert set((await reach.get("/terms")).json()) == {"terms", "offset", "limit", "total"}
    assert await reach.rows("/terms", filter="type='semester'") == []
    found = await reach.rows("/users", search=child["givenName"].upper())
    assert child["sourcedId"] in {row["sourcedId"] for row in found}


async def test_timeback_collections_end_with_a_slash(connect: Any) -> None:
    reach = connect("timeback")
    await reach.get("/users")
    bearer = {"authorization": f"Bearer {reach.token}"}
    assert (await reach.client.get(reach.settings["base_url"] + "/users", headers=bearer)).status_code == 404
    assert (await reach.client.get(reach.settings["base_url"] + "/users/", headers=bearer)).status_code == 200
