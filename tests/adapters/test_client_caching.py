"""Pages asked for only if they changed, against a small server in process that says by what."""

import hashlib
from collections.abc import Callable

import httpx2
import pytest

from adapters.caching import CacheControl, Earlier
from adapters.client import SourceClient
from adapters.coverage import Proof
from adapters.dialect import Capabilities, Totals
from adapters.errors import Malformed
from adapters.records import Record
from adapters.scanning import Scanned
from tests.adapters.school import ALL, TEN, School, spec, user

pytestmark = pytest.mark.anyio


class Tagged:
    """The school behind ETags of its bodies. repeats: headers that a 304 has too. lies: all is said to be unchanged."""

    def __init__(
        self, school: School, repeats: tuple[str, ...] = ("X-Total-Count", "Link"), tag: str = 'W/"{}"'
    ) -> None:
        self.school = school
        self.repeats = repeats
        self.tag = tag
        self.lies = False
        self.asked: list[str | None] = []
        self.answered: list[int] = []

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self.school(request)
        if request.method == "POST" or not answer.is_success:
            return answer
        tag = self.tag.format(hashlib.sha256(answer.content).hexdigest()[:8])
        condition = request.headers.get("If-None-Match")
        if condition is not None and (self.lies or condition == tag):
            kept = {name: answer.headers[name] for name in self.repeats if name in answer.headers}
            answer = httpx2.Response(304, headers={**kept, "ETag": tag})
        else:
            answer.headers["ETag"] = tag
        self.asked.append(condition)
        self.answered.append(answer.status_code)
        return answer

    def client(self, can: Capabilities | None = None) -> SourceClient:
        self.asked, self.answered = [], []
        return SourceClient(spec(can=can), httpx2.MockTransport(self))


def held(scanned: Scanned) -> Earlier:
    records = {r.sourced_id: r for r in scanned.records}
    return Earlier(scanned.marks, lambda ids: tuple(records[i] for i in ids))


def ids(scanned: Scanned) -> list[str]:
    return sorted(r.sourced_id for r in scanned.records)


@pytest.mark.parametrize("tag", ['"{}"', 'W/"{}"', '"{}-gzip"'])
async def test_a_page_that_is_as_it_was_is_taken_from_what_is_held(tag: str) -> None:
    server = Tagged(School(), tag=tag)
    first = await server.client().scan(TEN)
    assert (len(first.marks), first.sent, first.unchanged) == (3, 27, 0)
    second = await server.client().scan(TEN, earlier=held(first))
    assert server.answered == [304] * 3
    assert server.asked == [mark.etag for mark in first.marks]
    assert (second.sent, second.unchanged, second.proof) == (0, 27, Proof.TOTAL)
    assert (second.marks, ids(second)) == (first.marks, ALL)
    before: dict[str, Record] = {r.sourced_id: r for r in first.records}
    assert all(before[r.sourced_id] is r for r in second.records)


async def test_a_page_that_changed_is_read_and_the_next_time_is_asked_for_by_what_it_is_now() -> None:
    server = Tagged(School())
    first = await server.client().scan(TEN)
    server.school.tables["users"][12] = user(12, givenName="Bea")
    second = await server.client().scan(TEN, earlier=held(first))
    assert (server.answered, second.sent, second.unchanged) == ([304, 200, 304], 10, 17)
    assert next(r for r in second.records if r.sourced_id == "u012").given_name == "Bea"
    third = await server.client().scan(TEN, earlier=held(second))
    assert (server.answered, set(third.records)) == ([304] * 3, set(second.records))


async def test_pages_that_hold_more_records_than_there_are_are_read_for_real() -> None:
    server = Tagged(School())
    first = await server.client().scan(TEN)
    del server.school.tables["users"][3]
    server.lies = True
    second = await server.client().scan(TEN, earlier=held(first))
    assert server.answered == [304] * 3 + [200] * 3
    assert (second.attempts, second.complete, ids(second)) == (2, True, [i for i in ALL if i != "u003"])


@pytest.mark.parametrize(("repeats", "answered"), [(("Link",), [304] * 3), ((), [304, 200, 200, 200])])
async def test_where_links_tell_the_end_a_304_has_to_repeat_them(repeats: tuple[str, ...], answered: list[int]) -> None:
    school = School()
    school.says_total, school.says_links = False, True
    server = Tagged(school, repeats)
    asked = server.client()
    first = await asked.scan(TEN)
    server.answered.clear()
    second = await asked.scan(TEN, earlier=held(first))
    assert (server.answered, second.proof, ids(second)) == (answered, Proof.LINK, ALL)
    server.answered.clear()
    await asked.scan(TEN, earlier=held(second))
    assert server.answered == ([304] * 3 if repeats else [200] * 3)  # it is not tried again


async def test_without_a_total_the_list_may_grow_behind_pages_that_are_as_they_were() -> None:
    school = School()
    school.says_total = False
    server = Tagged(school, ())
    school.tables["users"] = [user(n) for n in range(20)]
    first = await server.client().scan(TEN)
    school.tables["users"].append(user(20))
    second = await server.client().scan(TEN, earlier=held(first))
    assert server.answered == [304, 304, 200, 200]
    assert (second.proof, ids(second)) == (Proof.EMPTY_PAGE, ALL[:21])


async def test_a_total_that_stands_in_the_body_is_as_it_was_with_it() -> None:
    school = School()

    def answer(request: httpx2.Request) -> httpx2.Response:
        start = int(request.url.params["offset"])
        return httpx2.Response(200, json={"users": school.tables["users"][start : start + 10], "total": 25})

    school.answer = answer
    server = Tagged(school)
    can = Capabilities(totals=Totals.BODY)
    first = await server.client(can).scan(TEN)
    second = await server.client(can).scan(TEN, earlier=held(first))
    assert (server.answered, second.total, second.proof) == ([304] * 3, 25, Proof.TOTAL)


async def test_a_page_with_a_record_that_cannot_be_read_is_never_asked_for_by_condition() -> None:
    server = Tagged(School())
    server.school.tables["users"][3] = {"givenName": "nameless"}
    first = await server.client().scan(TEN)
    second = await server.client().scan(TEN, earlier=held(first))
    assert (server.answered, len(second.rejected), second.complete) == ([200, 304, 304], 1, True)


async def test_a_page_at_another_address_is_asked_for_plainly() -> None:
    server = Tagged(School())
    first = await server.client().scan(TEN)
    await server.client(Capabilities(sort=False)).scan(TEN, earlier=held(first))
    assert server.asked == [None] * 3


async def test_a_304_without_a_condition_is_no_answer() -> None:
    school = School()
    school.answer = lambda request: httpx2.Response(304)
    with pytest.raises(Malformed, match="304"):
        await Tagged(school).client().scan(TEN)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (lambda offset: "max-age=300" if offset else "max-age=60", CacheControl(max_age=60)),
        (lambda offset: "no-store" if offset == 9 else "max-age=60", CacheControl(True, 60)),
        (lambda offset: "", CacheControl()),
    ],
)
async def test_what_any_page_says_of_holding_it_holds_for_all(said: Callable[[int], str], meant: CacheControl) -> None:
    school = School()

    async def handle(request: httpx2.Request) -> httpx2.Response:
        answer = await school(request)
        if request.method == "GET":
            answer.headers["Cache-Control"] = said(int(request.url.params["offset"]))
        return answer

    scanned = await SourceClient(spec(), httpx2.MockTransport(handle)).scan(TEN)
    assert scanned.said == meant
