"""F19 to F23: pages that move, end oddly, go round in circles or lead elsewhere."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from adapters.client import PageRequest
from adapters.errors import Misconfigured, PagingBroken, Redirected
from tests.adapters.school import ROOT
from tests.faults.district import BODY, USERS, District, is_of, user
from tests.faults.server import Asked, End, FaultServer, Play
from tests.faults.wire import either, of, says
from tests.faults.world import World, world

pytestmark = pytest.mark.anyio

SCAN = PageRequest("users")
SMALL: dict[str, Any] = {"capabilities": {"nested_reads": False, "max_limit": 10, "max_concurrency": 2}}
ALL = [f"u{n:03}" for n in range(USERS)]


def offset(asked: Asked) -> int:
    return int(re.findall(r"offset=(\d+)", asked.target)[0])


async def listed(gateway: World) -> tuple[list[str], bool, set[str]]:
    """The ids of the list of users, whether it is said to be complete, and the codes."""
    told = await gateway.ask('{ users(first: 500, sources: ["a"]) { complete nodes { sourcedId } } }')
    users = told.data["users"]
    return [node["sourcedId"] for node in users["nodes"]], users["complete"], told.codes


# ---------------------------------------------------------------- F19


def joins(district: District, at: int) -> None:
    """A record comes in before the page at this offset is served, ahead of all others."""
    rows = district.school.tables["users"]
    rows.insert(0, user(0) | {"sourcedId": f"a{len(rows):03}"})


def leaves(district: District, at: int) -> None:
    district.school.tables["users"].pop(0)


@pytest.mark.parametrize("change", [joins, leaves])
@pytest.mark.parametrize("total", [True, False], ids=["with totals", "without"])
async def test_F19_what_moves_once_while_it_is_read_is_read_whole(
    change: Callable[[District, int], None], total: bool
) -> None:
    district, moved = District(), []

    def before(at: int) -> None:
        if at >= 18 and not moved:
            moved.append(at)
            change(district, at)

    district.school.before_page = before
    district.school.says_total = total
    server = FaultServer(district.play)
    async with server.serving(), world(server, **SMALL) as gateway:
        found, complete, codes = await listed(gateway)
        assert moved
        assert len(found) == len(set(found))
        assert set(ALL) - set(found) <= {"u000"}
        assert complete
        assert codes == set()


async def test_F19_what_never_stands_still_is_shown_and_said_not_to_be_whole() -> None:
    district = District()

    def before(at: int) -> None:
        rows = district.school.tables["users"]
        rows.append(rows.pop(0))

    district.school.before_page = before
    server = FaultServer(district.play)
    async with server.serving(), world(server, **SMALL) as gateway:
        found, complete, codes = await listed(gateway)
        assert len(found) == len(set(found)) > 0
        assert not complete
        assert codes == {"UPSTREAM_PAGING"}
        assert server.requests < 40


async def test_F19_the_same_record_on_two_pages_is_there_once() -> None:
    district = District()
    rows = district.school.tables["users"]
    rows[20:20] = [rows[3]]
    server = FaultServer(district.play)
    async with server.serving(), world(server, **SMALL) as gateway:
        found, _, _ = await listed(gateway)
        assert sorted(found) == ALL


# ---------------------------------------------------------------- F20


@pytest.mark.parametrize(("clamp", "total", "most"), [(7, False, 8), (7, True, 8), (10, False, 6), (10, True, 4)])
async def test_F20_short_pages_and_no_total_bring_everything_without_a_loop(clamp: int, total: bool, most: int) -> None:
    district = District()
    district.school.clamp, district.school.says_total = clamp, total
    server = FaultServer(district.play)
    async with server.serving(), world(server, **SMALL) as gateway:
        found, complete, codes = await listed(gateway)
        assert sorted(found) == ALL
        assert complete
        assert codes == set()
        assert server.requests <= most


# ---------------------------------------------------------------- F21


def linking(to: Callable[[int], int], rows: Callable[[int], list[Any]]) -> Play:
    """Pages of ten, each with a link to the next one, wherever that leads."""

    async def play(asked: Asked) -> AsyncIterator[bytes | End]:
        at = offset(asked)
        link = f'<{ROOT}/users?limit=10&offset={to(at)}>; rel="next"'
        yield of({"users": rows(at)}, 200, ("Link", link))

    return play


def first_ten(at: int) -> list[Any]:
    return [user(n) for n in range(10)]


def two_pages(at: int) -> list[Any]:
    return [user(n + at % 20) for n in range(10)]


def nameless(at: int) -> list[Any]:
    return [{"status": "active"}] * 10


@pytest.mark.parametrize(
    ("to", "rows", "people"),
    [
        (lambda at: at, first_ten, 10),
        (lambda at: 10 - at % 20, two_pages, 28),
        (lambda at: at + 10, first_ten, 10),
        (lambda at: at + 10, nameless, 0),
    ],
    ids=["to itself", "a cycle of two", "offset ignored", "without ids"],
)
async def test_F21_pages_in_a_circle_end_at_the_first_repeat(
    to: Callable[[int], int], rows: Callable[[int], list[Any]], people: int
) -> None:
    server = FaultServer(linking(to, rows))
    async with server.serving(), world(server, **SMALL) as gateway:
        found, complete, codes = await listed(gateway)
        assert len(found) == len(set(found)) == people
        assert not complete
        assert "UPSTREAM_PAGING" in codes
        assert server.requests <= 12  # the reading, and twice more in case it only had moved


async def test_F21_pages_without_end_are_given_up() -> None:
    server = FaultServer(linking(lambda at: at + 10, lambda at: [user(n) for n in range(at, at + 10)]))
    async with server.serving(), world(server, max_records=300, **SMALL) as gateway:
        with pytest.raises(PagingBroken, match="300 records"):
            await gateway.client.scan(SCAN)
        assert server.requests == 34


# ---------------------------------------------------------------- F22

ELSEWHERE = (
    "http://127.0.0.1:{port}/x?offset=10",
    "//127.0.0.1:{port}/x?offset=10",
    "http://user:secret@127.0.0.1:{port}/x?offset=10",
    "http://localhost:{port}/x?offset=10",
    "http://[::1]:{port}/x?offset=10",
    "http://169.254.169.254/x?offset=10",
    "https://127.0.0.1:{port}/x?offset=10",
)


@pytest.mark.parametrize("total", [True, False], ids=["with totals", "without"])
@pytest.mark.parametrize("foreign", [True, False], ids=["behind a proxy", "by default"])
@pytest.mark.parametrize("address", ELSEWHERE)
async def test_F22_a_next_link_that_leads_elsewhere_is_not_followed_and_borne_of_a_proxy_only(
    address: str, foreign: bool, total: bool
) -> None:
    district, other = District(), FaultServer(says(of({"users": []})))
    async with other.serving():
        link = address.format(port=other.port)

        async def play(asked: Asked) -> AsyncIterator[bytes | End]:
            at = offset(asked)
            rows = district.school.tables["users"][at : at + 10]
            says_total = [("X-Total-Count", str(USERS))] if total else []
            more = at + 10 < USERS
            yield of({"users": rows}, 200, *says_total, *([("Link", f'<{link}>; rel="next"')] if more else []))

        server = FaultServer(either(is_of("users"), play, district.play))
        settings = {"capabilities": SMALL["capabilities"] | {"foreign_links": foreign}}
        async with server.serving(), world(server, **settings) as gateway:
            found, complete, codes = await listed(gateway)
            if foreign:
                assert (sorted(found), complete, codes) == (ALL, True, set())
            else:
                assert (found, complete, codes) == ([], False, {"UPSTREAM_REDIRECTED"})
                assert server.requests == 1
        assert (other.connections, other.received) == (0, 0)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_F22_F23_a_token_server_that_points_elsewhere_is_not_followed(status: int) -> None:
    other = FaultServer(says(of({"access_token": BODY})))
    async with other.serving():
        server = FaultServer(says(of({}, status, ("Location", f"{other.address}/token"))))
        async with server.serving(), world(server, auth={"kind": "oauth2"}, timeouts={"attempt": 2}) as gateway:
            with pytest.raises(Redirected):
                await gateway.client.page(SCAN)
            assert (await gateway.whole()).codes == {"UPSTREAM_REDIRECTED"}
        assert (other.connections, other.received) == (0, 0)


async def test_F22_a_name_that_stands_for_a_private_address_gets_no_connection() -> None:
    server = FaultServer(District().play)

    async def inside(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with server.serving():
        address = server.named("elm.example", "https")
        async with world(server, look_up=inside, allow_http=False, base_url=address, token_url=address) as gateway:
            with pytest.raises(Misconfigured, match="nothing was sent"):
                await gateway.client.page(SCAN)
            assert (await gateway.ask('{ users(sources: ["a"]) { nodes { sourcedId } } }')).codes == {
                "SOURCE_MISCONFIGURED"
            }
        assert (server.connections, server.received) == (0, 0)


# ---------------------------------------------------------------- F23


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_F23_no_credential_goes_where_a_redirect_points(status: int) -> None:
    other = FaultServer(says(of({"users": []})))
    async with other.serving():
        server = FaultServer(says(of({}, status, ("Location", f"{other.address}{ROOT}/users"))))
        async with server.serving(), world(server) as gateway:
            with pytest.raises(Redirected):
                await gateway.client.page(SCAN)
            assert server.requests == 1
        assert (other.connections, other.received) == (0, 0)


async def test_F23_a_redirect_on_the_same_host_is_not_followed_either() -> None:
    server = FaultServer(says(of({}, 302, ("Location", f"{ROOT}/orgs"))))
    async with server.serving(), world(server) as gateway:
        with pytest.raises(Redirected):
            await gateway.client.page(SCAN)
        assert server.requests == 1
