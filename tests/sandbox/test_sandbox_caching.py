"""Validators, 304 and Cache-Control, as a server sends them that is told to."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import pytest

from gateway.sandbox.caching import Caching
from gateway.sandbox.exact import exact_district

pytestmark = pytest.mark.anyio


async def again(reach: Any, path: str, condition: dict[str, str], **params: Any) -> httpx2.Response:
    headers = {"authorization": f"Bearer {reach.token}", **condition}
    answer: httpx2.Response = await reach.client.get(reach.url(path, **params), headers=headers)
    return answer


async def test_nothing_is_said_of_pages_unless_the_server_is_told_to(connect: Any) -> None:
    answer = await connect("standard-1.2").get("/users", limit=10)
    assert not {"etag", "last-modified", "cache-control", "age"} & set(answer.headers)


@pytest.mark.parametrize(
    ("etag", "shape"), [("strong", '"x"'), ("weak", 'W/"x"'), ("gzip", '"x-gzip"')], ids=["strong", "weak", "gzip"]
)
async def test_a_page_that_is_unchanged_is_not_sent_again(connect: Any, etag: str, shape: str) -> None:
    reach = connect("standard-1.2", exact_district(1, users=60, enrollments=120), caching=Caching(etag=etag))
    first = await reach.get("/users", limit=10)
    tag = first.headers["etag"]
    assert tag.startswith(shape.partition("x")[0])
    assert tag.endswith(shape.partition("x")[2])
    reach.server.reset()
    same = await again(reach, "/users", {"if-none-match": tag}, limit=10)
    assert (same.status_code, same.content, reach.server.sent_bytes) == (304, b"", 0)
    assert same.headers["etag"] == tag
    assert same.headers["x-total-count"] == first.headers["x-total-count"]
    other = await again(reach, "/users", {"if-none-match": tag}, limit=10, offset=10)
    assert (other.status_code, reach.server.sent_bytes) == (200, len(other.content))
    assert other.headers["etag"] != tag


async def test_a_page_that_changed_is_sent(connect: Any) -> None:
    district = exact_district(1, users=60, enrollments=120)
    reach = connect("standard-1.2", district, caching=Caching(etag="weak"))
    tags = [(await reach.get("/users", limit=30, offset=o)).headers["etag"] for o in (0, 30)]
    changed = reach.server.truth_of("users", reach.server.published("users")[0]["sourcedId"])
    district.update(changed, family="Changed", modified="2026-03-01T10:00:00.000Z")
    answers = [
        await again(reach, "/users", {"if-none-match": tag}, limit=30, offset=o)
        for tag, o in zip(tags, (0, 30), strict=True)
    ]
    assert [a.status_code for a in answers] == [200, 304]


async def test_a_last_modified_is_that_of_the_newest_record_on_the_page(connect: Any) -> None:
    reach = connect("standard-1.2", caching=Caching(modified=True))
    first = await reach.get("/users", limit=10)
    newest = max(row["dateLastModified"] for row in first.json()["users"])
    said = first.headers["last-modified"]
    assert parsedate_to_datetime(said) == datetime.fromisoformat(newest).astimezone(UTC).replace(microsecond=0)
    assert (await again(reach, "/users", {"if-modified-since": said}, limit=10)).status_code == 304
    earlier = "Mon, 01 Jan 2001 00:00:00 GMT"
    assert (await again(reach, "/users", {"if-modified-since": earlier}, limit=10)).status_code == 200


async def test_a_bare_304_says_nothing_of_the_list(connect: Any) -> None:
    reach = connect("standard-1.2", caching=Caching(etag="weak", cache_control="max-age=60", age=5, bare=True))
    first = await reach.get("/users", limit=10)
    assert (first.headers["cache-control"], first.headers["age"]) == ("max-age=60", "5")
    same = await again(reach, "/users", {"if-none-match": first.headers["etag"]}, limit=10)
    assert same.status_code == 304
    assert not {"x-total-count", "link"} & set(same.headers)
