import dataclasses
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.addresses import base_url, base_urls, encoded, query_text, request_path, token_url
from adapters.dialect import BASE_PATH, Dialect, OAuth1, OAuth2, Service, Version
from adapters.endpoints import ENDPOINTS
from adapters.errors import Misconfigured

V1P1 = Dialect(name="northfield", version=Version.V1P1, title="Northfield", docs="d", base_path=BASE_PATH[Version.V1P1])
V1P2 = dataclasses.replace(V1P1, version=Version.V1P2, base_path=BASE_PATH[Version.V1P2])
SCHOOL = dataclasses.replace(V1P1, base_path="/ims/oneroster/v1p1/school")


@pytest.mark.parametrize(
    ("dialect", "given_url", "base"),
    [
        (V1P1, "https://h.example", "https://h.example/ims/oneroster/v1p1"),
        (V1P1, "https://h.example/", "https://h.example/ims/oneroster/v1p1"),
        (V1P1, " https://h.example/ims \n", "https://h.example/ims/oneroster/v1p1"),
        (V1P1, "https://h.example/ims/oneroster/", "https://h.example/ims/oneroster/v1p1"),
        (V1P1, "https://h.example/ims/oneroster/v1p1", "https://h.example/ims/oneroster/v1p1"),
        (V1P1, "https://h.example//ims//oneroster/v1p1//", "https://h.example/ims/oneroster/v1p1"),
        (V1P1, "HTTPS://H.Example:443/X", "https://h.example/X/ims/oneroster/v1p1"),
        (V1P1, "https://h.example:8443/X", "https://h.example:8443/X/ims/oneroster/v1p1"),
        (V1P1, "https://[::1]:8443", "https://[::1]:8443/ims/oneroster/v1p1"),
        (
            V1P1,
            "https://h.example/ims/oneroster/v1p1/ims/oneroster/v1p1",
            "https://h.example/ims/oneroster/v1p1",
        ),
        (V1P1, "https://h.example/ims/oneroster/v1p1/ims/oneroster", "https://h.example/ims/oneroster/v1p1"),
        (V1P1, "https://h.example/ims/oneroster/ims/oneroster/v1p1", "https://h.example/ims/oneroster/v1p1"),
        (V1P1, "https://h.example/campus/campus/app", "https://h.example/campus/app/ims/oneroster/v1p1"),
        (
            V1P1,
            "https://h.example/campus/oneroster/oneroster/ims/oneroster",
            "https://h.example/campus/oneroster/oneroster/ims/oneroster/v1p1",
        ),
        (V1P1, "https://p.example/Zm9v%2FYmFy%3D", "https://p.example/Zm9v%2FYmFy%3D/ims/oneroster/v1p1"),
        (
            V1P2,
            "https://h.example/campus/api/oneroster/v1p2/springfield/ims/oneroster",
            "https://h.example/campus/api/oneroster/v1p2/springfield/ims/oneroster/rostering/v1p2",
        ),
        (V1P2, "https://h.example/ims/oneroster/rostering", "https://h.example/ims/oneroster/rostering/v1p2"),
        (SCHOOL, "https://x.example/api", "https://x.example/api/ims/oneroster/v1p1/school"),
        (SCHOOL, "https://x.example/api/ims/oneroster/v1p1", "https://x.example/api/ims/oneroster/v1p1/school"),
    ],
)
def test_a_base_url_is_completed_from_what_districts_paste(dialect: Dialect, given_url: str, base: str) -> None:
    assert base_url(dialect, given_url) == base
    assert base_url(dialect, base) == base


@pytest.mark.parametrize(
    ("given_url", "word"),
    [
        ("", "empty"),
        ("h.example/ims/oneroster", "https://"),
        ("ftp://h.example", "https://"),
        ("https://", "https://"),
        ("https://h.example:port", "port"),
        ("http://h.example", "allow_http"),
        ("https://h.example/?district=9", "query"),
        ("https://h.example/?", "query"),
        ("https://h.example/#top", "fragment"),
        ("https://user:hunter2@h.example", "user name"),
        ("https://h.example/a b", "blanks"),
        ("https://h.example/ä", "percent-encoded"),
        ("https://h.example/a/../b", "path segment"),
        ("https://h.example/ims/oneroster/rostering/v1p2", "/ims/oneroster/v1p1"),
        ("https://h.example/ims/oneroster/gradebook/v1p2", "rostering"),
    ],
)
def test_a_base_url_that_cannot_work_is_refused_with_the_reason(given_url: str, word: str) -> None:
    with pytest.raises(Misconfigured, match=word) as caught:
        base_url(V1P1, given_url, source="springfield")
    assert caught.value.source == "springfield"
    assert "hunter2" not in str(caught.value)
    assert "district=9" not in str(caught.value)


def test_plain_http_is_taken_where_it_is_allowed() -> None:
    assert base_url(V1P1, "http://127.0.0.1:8001", allow_http=True) == "http://127.0.0.1:8001/ims/oneroster/v1p1"


def test_a_given_token_url_keeps_its_query_and_loses_a_doubled_path() -> None:
    base = "https://h.example/campus/ims/oneroster/v1p1"
    given_url = "https://H.example/campus/campus/oauth2/token?appName=spring%20field&x="
    assert token_url(V1P1, given_url, base) == "https://h.example/campus/oauth2/token?appName=spring%20field&x="
    assert token_url(V1P1, "https://idp.example/oauth2/token/", base) == "https://idp.example/oauth2/token/"


def test_a_token_path_lies_below_the_same_address_as_the_base_path() -> None:
    dialect = dataclasses.replace(V1P1, auth=OAuth2(token_path="/token"))
    base = base_url(dialect, "https://d.example/aeries")
    assert token_url(dialect, None, base) == "https://d.example/aeries/token"


def test_without_a_token_url_or_path_what_is_needed_is_said() -> None:
    with pytest.raises(Misconfigured, match="token_url is needed"):
        token_url(V1P1, None, "https://d.example/ims/oneroster/v1p1")
    with pytest.raises(Misconfigured, match="token_url holds a fragment"):
        token_url(V1P1, "https://d.example/token#x", "")
    assert token_url(dataclasses.replace(V1P1, auth=OAuth1()), None, "") == ""


@pytest.mark.parametrize(
    ("sourced_id", "segment"),
    [("cl/3", "cl%2F3"), ("s+1", "s%2B1"), (".", "%2E"), ("..", "%2E%2E"), ("a b?#", "a%20b%3F%23"), ("ä", "%C3%A4")],
)
def test_an_id_is_one_path_segment(sourced_id: str, segment: str) -> None:
    assert request_path(ENDPOINTS["class"], (sourced_id,)) == f"/classes/{segment}"


@given(st.lists(st.text(st.characters(), min_size=1), min_size=2, max_size=2))
def test_ids_of_any_text_leave_the_segments_of_a_path_as_many_as_they_were(ids: list[str]) -> None:
    path = request_path(ENDPOINTS["studentsForClassInSchool"], ids)
    url = httpx2.URL(f"https://h.example{path}")
    assert url.raw_path.decode() == path
    _, schools, school, classes, class_, students = path.split("/")
    assert (schools, classes, students) == ("schools", "classes", "students")
    assert [school.replace("%2E", "."), class_.replace("%2E", ".")] == [encoded(i) for i in ids]


def test_an_id_that_looks_like_a_placeholder_is_only_an_id() -> None:
    assert request_path(ENDPOINTS["enrollmentsForClassInSchool"], ("{cid}", "c")) == (
        "/schools/%7Bcid%7D/classes/c/enrollments"
    )


@pytest.mark.parametrize("ids", [(), ("",), ("a", "b")])
def test_a_path_takes_its_ids_and_no_others(ids: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="id"):
        request_path(ENDPOINTS["user"], ids)


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_the_http_client_leaves_a_query_as_it_was_built(text: str) -> None:
    query = query_text([("filter", f"familyName='{text}'")])
    assert httpx2.URL(f"https://h.example/users?{query}").query.decode() == query
    assert not set(query) & set(" '+!()*\"")


@given(st.text(st.characters()) | st.text("% '=/~\x00", max_size=9))
def test_text_is_percent_encoded_as_the_standard_library_has_it(text: str) -> None:
    assert encoded(text) == quote(text, safe="", errors="surrogatepass")


ROSTER = "https://sis.district.example/x/ims/oneroster/rostering/v1p2"


def test_services_of_1_2_are_beside_each_other() -> None:
    found = base_urls(V1P2, "https://sis.district.example/x")
    assert found == {
        Service.ROSTERING: ROSTER,
        Service.GRADEBOOK: ROSTER.replace("rostering", "gradebook"),
        Service.RESOURCES: ROSTER.replace("rostering", "resources"),
    }


def test_a_service_may_be_elsewhere_and_its_address_is_completed() -> None:
    found = base_urls(V1P2, ROSTER, {Service.GRADEBOOK: "https://marks.example/ims/oneroster/"})
    assert found[Service.GRADEBOOK] == "https://marks.example/ims/oneroster/gradebook/v1p2"
    assert found[Service.RESOURCES] == ROSTER.replace("rostering", "resources")
    with pytest.raises(Misconfigured, match="serves gradebook"):
        base_urls(V1P2, ROSTER, {Service.GRADEBOOK: ROSTER})


def test_1_1_has_all_services_in_one_place() -> None:
    base = "https://sis.district.example/ims/oneroster/v1p1"
    assert set(base_urls(V1P1, base).values()) == {base}
