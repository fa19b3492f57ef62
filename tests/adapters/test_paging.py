import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dialect import Capabilities
from adapters.errors import PagingBroken, Redirected
from adapters.paging import PageSeen, count, linked_offset, links, next_offset

BASE = "https://h.example/ims/oneroster/v1p1"


def page(received: int, limit: int | None = 10, offset: int = 0, *, new: int | None = None, **seen: object) -> PageSeen:
    return PageSeen(received=received, limit=limit, offset=offset, new=received if new is None else new, **seen)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "after"),
    [
        (page(0), None),
        (page(0, offset=20, total=100), None),
        (page(10), 10),
        (page(3), 3),  # a server may clamp: a short page proves nothing
        (page(10, total=30), 10),
        (page(10, offset=20, total=30), None),
        (page(10, offset=20, total=25), None),
        (page(4, total=30), 4),
        (page(10, link_seen=True, next_link=f"{BASE}/users?limit=10&offset=10"), 10),
        (page(10, link_seen=True, next_link="https://h.example:443/elsewhere?offset=500"), 10),
        (page(10, link_seen=True, next_link="?offset=500"), 10),
        (page(10, link_seen=True), None),
        (page(10, link_seen=True, total=30), 10),  # a total outranks a link
        (page(10, link_seen=True, next_link=f"{BASE}/users?offset=10", total=10), None),
        (page(7, link_seen=True, next_link=f"{BASE}/users?offset=10"), 7),  # would jump over three
        (page(10, link_seen=True, next_link=f"{BASE}/users?offset=8"), 8),  # the server counts other rows
        (page(10, offset=10, link_seen=True, next_link=f"{BASE}/users?offset=0"), 20),  # points backwards
        (page(10, limit=None), 10),
    ],
)
def test_the_next_page_starts_after_what_was_received(seen: PageSeen, after: int | None) -> None:
    assert next_offset(seen, Capabilities(), base=BASE) == after


@pytest.mark.parametrize("total", [None, 30])
@pytest.mark.parametrize(
    "link",
    [
        "http://10.0.0.1/users?offset=10",
        "http://h.example/ims/oneroster/v1p1/users?offset=10",
        "https://h.example:8443/ims/oneroster/v1p1/users?offset=10",
        "https://h.example@evil.example/users?offset=10",
        "https://ann:secret@h.example/ims/oneroster/v1p1/users?offset=10",
        "//evil.example/ims/oneroster/v1p1/users?offset=10",
        "https://[h/users?offset=10",
    ],
)
def test_a_link_to_another_address_is_refused_unless_the_source_is_known_to_stand_behind_a_proxy(
    link: str, total: int | None
) -> None:
    seen = page(10, link_seen=True, next_link=link, total=total)
    with pytest.raises(Redirected):
        next_offset(seen, Capabilities(), base=BASE)
    assert next_offset(seen, Capabilities(foreign_links=True), base=BASE) == 10


def test_a_short_page_is_the_last_where_the_source_is_known_to_end_so() -> None:
    known = Capabilities(short_page_ends=True)
    assert next_offset(page(9), known) is None
    assert next_offset(page(10), known) == 10
    assert next_offset(page(9, total=30), known) == 9


def test_a_page_without_a_limit_is_everything_where_the_source_answers_so() -> None:
    assert next_offset(page(70_000, limit=None), Capabilities(all_without_limit=True)) is None
    assert next_offset(page(10, limit=10), Capabilities(all_without_limit=True)) == 10


@pytest.mark.parametrize("total", [None, 10, 100])
def test_a_page_that_repeats_what_is_known_breaks_the_paging(total: int | None) -> None:
    with pytest.raises(PagingBroken, match="repeats"):
        next_offset(page(5, offset=5, new=0, total=total), Capabilities(), source="s")


@pytest.mark.parametrize(
    ("link", "offset"),
    [
        (f"{BASE}/users?limit=5&offset=40", 40),
        ("/ims/oneroster/v1p1/users?offset=40", 40),
        ("https://H.EXAMPLE/ims/oneroster/v1p1/users?offset=40", 40),
        (f"{BASE}/users?cursor=x", None),
        (f"{BASE}/users?offset=-1", None),
        (f"{BASE}/users?offset=1e3", None),
        ("http://h.example/ims/oneroster/v1p1/users?offset=40", None),
        ("https://h.example:8443/ims/oneroster/v1p1/users?offset=40", None),
        ("https://h.example.evil/ims/oneroster/v1p1/users?offset=40", None),
        ("https://h.example/other/users?offset=40", None),
        ("https://h.example/ims/oneroster/v1p1x/users?offset=40", None),
        ("//evil.example/ims/oneroster/v1p1/users?offset=40", None),
        ("https://[h/users?offset=40", None),
        (None, None),
    ],
)
def test_an_offset_is_taken_from_a_link_below_our_own_address_only(link: str | None, offset: int | None) -> None:
    assert linked_offset(BASE, link) == offset


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", {}),
        ('<https://h/u?a=1,2>; rel="next"', {"next": "https://h/u?a=1,2"}),
        ("<a>; rel=next, <b>; rel=last", {"next": "a", "last": "b"}),
        ("<a>;rel='next',\r\n <b>;\n rel=\"prev\"", {"next": "a", "prev": "b"}),
        ('<a>; title="x"; REL="Next last"', {"next": "a", "last": "a"}),
        ('<a>; rel="next", <b>; rel="next"', {"next": "a"}),
        ("<a>; prerel=next", {}),
        ("a; rel=next", {}),
        ("<a\n b>; rel=next", {"next": "ab"}),
    ],
)
def test_a_link_header_is_read_as_loosely_as_it_is_written(header: str, found: dict[str, str]) -> None:
    assert links(header) == found


@pytest.mark.parametrize(
    ("text", "total"),
    [("25", 25), (" 25 ", 25), (None, None), ("", None), ("-1", None), ("2.5", None), ("9" * 99, None)],
)
def test_a_total_is_a_number_or_nothing(text: str | None, total: int | None) -> None:
    assert count(text) == total


@given(st.text())
def test_any_link_header_is_survived(header: str) -> None:
    for link in links(header).values():
        linked_offset(BASE, link)
