"""F15 to F18, F24, F25: answers that are no answers, odd ones, hostile ones, and some of another than was asked."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.client import PageRequest
from adapters.endpoints import Collection
from adapters.errors import Malformed, Mismatched, Truncated
from tests.faults.district import FAMILY, TOKEN, USERS, District, is_data, is_of
from tests.faults.faults import FAULTS, Fault, endless
from tests.faults.server import FaultServer, Play
from tests.faults.wire import answer, bomb, either, of, says, zipped
from tests.faults.world import world

pytestmark = pytest.mark.anyio

PAGE = PageRequest("users", limit=100)
USERS_OF_A = '{ users(first: 2000, sources: ["a"]) { complete nodes { sourcedId source { key } givenName metadata } } }'


def rows(*faults: str) -> list[Fault]:
    return [fault for fault in FAULTS if fault.name[:3] in faults]


def people(*odd: bytes, plain: int = 3) -> bytes:
    """A page of users as JSON text, each as it is written."""
    usual = (b'{"sourcedId": "p%d", "status": "active", "givenName": "P"}' % n for n in range(plain))
    return b'{"users": [%b]}' % b", ".join([*usual, *odd])


def person(members: bytes) -> bytes:
    return b'{"sourcedId": "odd", "status": "active", %b}' % members


# ---------------------------------------------------------------- F15


async def test_F15_a_sign_in_page_is_no_answer_and_not_kept() -> None:
    district = District()
    [login] = rows("F15")
    server = FaultServer(login.play(district))
    async with server.serving(), world(server) as gateway:
        with pytest.raises(Malformed, match="HTML"):
            await gateway.client.page(PAGE)
        assert server.requests == 1
        assert (await gateway.whole()).codes == {"UPSTREAM_BAD_CONTENT"}
        server.play = district.play
        assert (await gateway.whole()).errors == []


@pytest.mark.parametrize("content_type", ["text/html", "text/plain; charset=latin-1", "nonsense", None])
async def test_F15_good_json_that_is_called_something_else_is_taken_and_counted(content_type: str | None) -> None:
    district = District()
    wrong = says(answer(json.dumps(district.page("users")).encode(), content_type=content_type))
    server = FaultServer(either(is_of("users"), wrong, district.play))
    async with server.serving(), world(server) as gateway:
        page = await gateway.client.page(PAGE)
        assert len(page.records) == USERS
        assert 'gateway_upstream_mislabelled_total{source="a"} 1.0' in (await gateway.http.get("/metrics")).text
        assert (await gateway.client.page(PageRequest("orgs"))).records
        assert gateway.client.traffic.mislabelled == 1


# ---------------------------------------------------------------- F16


@pytest.mark.parametrize("fault", rows("F16"), ids=str)
async def test_F16_what_is_no_page_is_a_typed_error(fault: Fault) -> None:
    server = FaultServer(fault.play(District()))
    async with server.serving(), world(server) as gateway:
        with pytest.raises(Malformed) as caught:
            await gateway.client.page(PAGE)
        assert type(caught.value) is (Truncated if "empty" in fault.name else Malformed)
        assert server.requests == (3 if caught.value.transient else 1)


@pytest.mark.parametrize(
    "body", [b'{"users": {"sourcedId": "u1"}}', b'[{"sourcedId": "u1"}]', b'{"USERS": [{"sourcedId": "u1"}]}']
)
async def test_F16_an_object_for_an_array_and_an_array_for_an_object_are_borne(body: bytes) -> None:
    server = FaultServer(says(answer(body, 200, ("X-Total-Count", "1"))))
    async with server.serving(), world(server) as gateway:
        assert [record.sourced_id for record in (await gateway.client.page(PAGE)).records] == ["u1"]
        found = await gateway.client.read(Collection.USERS, "u1")
        assert found is not None
        assert found.sourced_id == "u1"


async def test_F16_null_for_a_list_is_an_empty_list() -> None:
    server = FaultServer(says(answer(b'{"users": null}')))
    async with server.serving(), world(server) as gateway:
        assert (await gateway.client.scan(PAGE)).complete


# ---------------------------------------------------------------- F17

LONG = b"7" * 100_000

TOLERATED: dict[str, tuple[bytes, int]] = {
    "BOM": (b"\xef\xbb\xbf" + people(), 3),
    "duplicate keys": (people(person(b'"givenName": "Q", "givenName": "P"')), 4),
    "a text that is a number": (people(person(b'"givenName": 7')), 4),
    "a long number in a text": (people(person(b'"metadata": {"a": "%b"}' % LONG)), 4),
    "a long number in metadata": (people(person(b'"metadata": {"a": %b}' % LONG)), 4),
    "a number beyond doubles in metadata": (people(person(b'"metadata": {"a": 1e999}')), 4),
    "deep metadata": (people(person(b'"metadata": {"a": %b%b}' % (b"[" * 500, b"]" * 500))), 4),
    "a long number nobody reads": (people(person(b'"other": %b' % LONG)), 4),
}
"""Bodies, and how many records come of them."""

REJECTED: dict[str, bytes] = {
    "NaN": person(b'"givenName": NaN'),
    "Latin-1": person(b'"givenName": "Andr\xe9"'),
    "Infinity in metadata": person(b'"metadata": {"a": -Infinity}'),
    "half a pair": person(b'"givenName": "\\ud83d"'),
    "half a pair in metadata": person(b'"metadata": {"a": "\\udc00"}'),
    "a long number for a name": person(b'"givenName": %b' % LONG),
    "a number for a record": b"7",
}


@pytest.mark.parametrize("odd", TOLERATED)
async def test_F17_odd_json_is_read_and_what_leaves_is_strict(odd: str) -> None:
    body, count = TOLERATED[odd]
    server = FaultServer(says(answer(body, 200, ("X-Total-Count", str(count)))))
    async with server.serving(), world(server) as gateway:
        told = await gateway.ask(USERS_OF_A)
        assert told.errors == []
        assert told.data["users"]["complete"]
        assert len(told.data["users"]["nodes"]) == count


@pytest.mark.parametrize("odd", REJECTED)
async def test_F17_a_record_that_is_no_json_costs_that_record(odd: str) -> None:
    body = people(REJECTED[odd])
    server = FaultServer(says(answer(body, 200, ("X-Total-Count", "4"))))
    async with server.serving(), world(server) as gateway:
        told = await gateway.ask(USERS_OF_A)
        assert told.codes == {"INCOMPLETE"}
        assert len(told.data["users"]["nodes"]) == 3
        assert not told.data["users"]["complete"]


@pytest.mark.parametrize("depth", [1_000, 1_000_000])
@pytest.mark.parametrize(
    "where", ['{"users": %s}', '{"users": [], "other": %s}', '{"users": [{"sourcedId": "u1", "x": %s}]}']
)
async def test_F17_what_is_nested_too_deeply_is_a_typed_error(where: str, depth: int) -> None:
    body = (where % ("[" * depth + "]" * depth)).encode()
    server = FaultServer(says(answer(body)))
    async with server.serving(), world(server) as gateway:
        with pytest.raises(Malformed, match="nested too deeply"):
            await gateway.client.page(PAGE)
        with pytest.raises(Malformed):
            await gateway.client.read(Collection.USERS, "u1")
        assert (await gateway.ask(USERS_OF_A)).codes == {"UPSTREAM_BAD_CONTENT"}


# ---------------------------------------------------------------- F18

BAD: dict[str, Callable[[dict[str, Any]], object]] = {
    "no id": lambda record: record.pop("sourcedId") and record,
    "an id that is no text": lambda record: record | {"sourcedId": {"a": 1}},
    "a text for a record": lambda record: "u500",
    "null for a record": lambda record: None,
}


@pytest.mark.parametrize("how", BAD)
async def test_F18_one_bad_record_in_a_thousand_costs_that_record(how: str) -> None:
    district = District(1_000)
    rows: list[object] = list(district.school.tables["users"])
    rows[500] = BAD[how](dict(district.school.tables["users"][500]))
    right = says(of({"users": rows}, 200, ("X-Total-Count", "1000")))
    server = FaultServer(either(is_of("users"), right, district.play))
    async with server.serving(), world(server) as gateway:
        told = await gateway.ask(
            """{ users(first: 2000, sources: ["a"]) {
                complete nodes { sourcedId source { key } } sources { state code rejected }
            } }"""
        )
        assert len(told.data["users"]["nodes"]) == 999
        assert not told.data["users"]["complete"]
        assert told.data["users"]["sources"] == [{"state": "PARTIAL", "code": "INCOMPLETE", "rejected": 1}]
        assert told.codes == {"INCOMPLETE"}


@pytest.mark.parametrize(
    "odd", [{"role": "wizard"}, {"status": "gone fishing"}, {"username": {"a": 1}}, {"enabledUser": "perhaps"}]
)
async def test_F18_a_value_that_makes_no_sense_costs_that_value(odd: dict[str, Any]) -> None:
    district = District(1_000)
    district.school.tables["users"][500].update(odd)
    server = FaultServer(district.play)
    async with server.serving(), world(server) as gateway:
        told = await gateway.ask(
            """{ users(first: 2000, sources: ["a"], status: [ACTIVE, UNKNOWN]) {
                complete nodes { sourcedId role username enabledUser }
            } }"""
        )
        assert told.errors == []
        assert len(told.data["users"]["nodes"]) == 1_000


# ---------------------------------------------------------------- F24


@contextmanager
def grows_by_less_than(most: int) -> Iterator[None]:
    """Holds the peak of the process's resident memory, where the system tells it."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not status.exists():
        yield
        return
    reset.write_text("5")
    before = _peak(status)
    yield
    assert _peak(status) - before < most


def _peak(status: Path) -> int:
    [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


BOMB = bomb(b'{"users": [', 300, b"]}")


@pytest.mark.parametrize(
    ("play", "said"),
    [
        (says(BOMB), "times as large|larger than"),
        (says(zipped(b'{"users": []}', times=2)), "not JSON|not UTF-8"),
        (endless, "MiB"),
        (says(of({}, 200, *((f"X-{n}", "x" * 20) for n in range(10_000)))), "headers"),
        (says(of({}, 200, *((f"X-{n}", "x") for n in range(10_000)))), "headers"),
    ],
    ids=["bomb", "double gzip", "endless", "10,000 headers", "10,000 short headers"],
)
async def test_F24_what_is_too_much_is_not_taken_in(play: Play, said: str) -> None:
    server = FaultServer(play)
    async with server.serving(), world(server, timeouts={"attempt": 20}) as gateway:
        with grows_by_less_than(100_000_000), pytest.raises(Malformed, match=said):
            await gateway.client.page(PAGE)
        assert server.requests == 1


async def test_F24_eight_bombs_at_once_are_not_taken_in_either() -> None:
    server = FaultServer(says(BOMB))
    async with server.serving(), world(server) as gateway:
        with grows_by_less_than(100_000_000):
            found = await asyncio.gather(*(gateway.client.page(PAGE) for _ in range(8)), return_exceptions=True)
        assert all(type(each) is Malformed for each in found)


# ---------------------------------------------------------------- F25


async def test_F25_another_record_than_was_asked_for_is_dropped_and_a_security_event(
    caplog: pytest.LogCaptureFixture,
) -> None:
    district = District()
    other = says(of({"user": district.school.tables["users"][3]}))
    server = FaultServer(either(is_data, other, district.play))
    async with server.serving(), world(server) as gateway:
        with pytest.raises(Mismatched):
            await gateway.client.read(Collection.USERS, "u001")
        [event] = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert "security" in event.getMessage()
        for value in ("u001", "u003", FAMILY, TOKEN):
            assert value not in event.getMessage()


OF_COURSE = '{ course(source: "a", sourcedId: "k1") { title classes { nodes { sourcedId } } } }'
PEOPLE = '{ class(source: "a", sourcedId: "c0") { title enrollments { sourcedId user { sourcedId } } } }'


@pytest.mark.parametrize(
    ("fault", "collection", "path", "query"),
    [
        (lambda d: {"classes": of_course("k2", d)}, "courses/k1/classes", "classes", OF_COURSE),
        (lambda d: {"users": d.school.tables["users"][21:23]}, "users", "user", PEOPLE),
    ],
    ids=["of another parent", "of other ids"],
)
async def test_F25_a_list_of_others_is_dropped_and_a_security_event(
    fault: Callable[[District], dict[str, Any]],
    collection: str,
    path: str,
    query: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    district = District()
    others = says(of(fault(district)))
    server = FaultServer(either(lambda asked: asked.path.endswith(f"/{collection}"), others, district.play))
    nested = collection != "users"
    can = {"nested_reads": nested, "single_reads": nested, "dotted_filters": not nested}
    async with server.serving(), world(server, capabilities=can) as gateway:
        told = await gateway.ask(query)
        assert told.codes == {"UPSTREAM_MISMATCH"}
        assert {error["path"][-1] for error in told.errors} == {path}
        events = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
        assert events
        assert all("security" in event for event in events)


def of_course(course: str, district: District) -> list[dict[str, Any]]:
    return [row | {"course": {"sourcedId": course}} for row in district.school.tables["classes"]]


async def test_F25_a_list_that_is_not_what_was_asked_for_brings_nothing_into_the_answer() -> None:
    district = District()
    others = [{"sourcedId": f"x{n}", "status": "active", "role": "student", "givenName": "Other"} for n in range(5)]
    server = FaultServer(either(is_of("users"), says(of({"users": others})), district.play))
    async with server.serving(), world(server) as gateway:
        told = await gateway.ask(
            """{ users(first: 10, sources: ["a"], filter: { sourcedId: { in: ["u001", "u002"] } }) {
                complete nodes { sourcedId }
            } }"""
        )
        assert told.data["users"]["nodes"] == []
