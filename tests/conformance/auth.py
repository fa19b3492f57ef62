"""Proof of identity: asked for as documented, renewed once when it ends, refused when it is wrong."""

from __future__ import annotations

import asyncio
import time
from base64 import b64decode
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from adapters.client import PageRequest
from adapters.dialect import Dialect, OAuth1, OAuth2, StaticBearer
from adapters.errors import Denied, Forbidden, Misconfigured, SourceError, Unsupported
from adapters.retry import Retries
from adapters.secret import Secret
from adapters.spec import Credentials
from conformance.subjects import (
    ADDRESS,
    Case,
    Server,
    Subject,
    Way,
    data_requests,
    described,
    everything,
    gap_of,
    only,
    published,
    scope_uri,
    token_requests,
)


async def good_credentials_are_accepted(subject: Subject) -> None:
    server = subject.server
    got = await everything(subject.client(server), "orgs")
    assert len(got) == len(published(server, "orgs"))


async def wrong_credentials_are_denied(subject: Subject) -> None:
    server = subject.new_server()
    right = subject.spec(server).credentials
    wrong = Secret("wrong")
    given = Credentials(token=wrong) if right.token else Credentials(client_id=right.client_id, client_secret=wrong)
    with pytest.raises(Denied) as refused:
        await subject.client(server, credentials=given).page(PageRequest("orgs"))
    assert not isinstance(refused.value, Forbidden)


def _asks_for_tokens(dialect: Dialect) -> bool:
    return isinstance(dialect.auth, OAuth2)


def _signs(dialect: Dialect) -> bool:
    return isinstance(dialect.auth, OAuth1)


@only(_asks_for_tokens)
async def many_readers_ask_for_one_token_in_the_documented_form(subject: Subject) -> None:
    server = subject.new_server()
    way = Way(server)
    client = subject.client(server, way=way)
    await asyncio.gather(*(client.page(PageRequest("orgs")) for _ in range(5)))
    asked = [request for request in way.sent if request.method == "POST"]
    assert len(asked) == 1
    assert str(asked[0].url) == subject.spec(server).token_url
    _check_token_request(subject, asked[0])


def _check_token_request(subject: Subject, request: httpx2.Request) -> None:
    facts = subject.facts
    form = dict(parse_qsl(request.content.decode()))
    pair = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
    if subject.known.name == "xporter":
        pair["client_id"] = "sandbox-rp|10001"
    if facts.credentials == "header":
        word, _, encoded = request.headers["authorization"].partition(" ")
        assert (word, b64decode(encoded).decode()) == ("Basic", ":".join(pair.values()))
    else:
        assert "authorization" not in request.headers
        assert {name: form.pop(name) for name in pair} == pair
    expected = {} if facts.parameters == "none" else {"grant_type": "client_credentials"}
    if facts.scopes:
        short = subject.known.name == "alpha"
        expected["scope"] = " ".join(s if short else scope_uri(subject.known.version, s) for s in facts.scopes)
    assert form == expected


_SCOPES = {
    ("1.1", "lineItems"): ("gradebook.readonly",),
    ("1.2", "lineItems"): ("gradebook.readonly", "assessment.readonly"),
    ("1.1", "resources"): ("resource.readonly",),
    ("1.2", "resources"): ("resource.readonly",),
}


@only(_asks_for_tokens)
async def other_services_are_asked_with_a_token_of_their_scopes(subject: Subject) -> None:
    """A token of its own, where its scopes differ: one that is refused costs the roster nothing."""
    for collection in ("lineItems", "resources"):
        if gap_of(subject.known, collection) and described(collection)(subject.known):
            continue
        server = subject.new_server()
        way = Way(server)
        client = subject.client(server, way=way)
        await client.page(PageRequest("orgs"))
        try:
            await client.page(PageRequest(collection))
        except Unsupported:
            assert not described(collection)(subject.known)
        tokens = [dict(parse_qsl(r.content.decode())).get("scope") for r in way.sent if r.method == "POST"]
        expected = [token_scopes(subject, subject.facts.scopes)]
        if subject.facts.service_scopes:
            expected.append(token_scopes(subject, _SCOPES[subject.known.version, collection]))
        assert tokens == expected


def token_scopes(subject: Subject, names: tuple[str, ...]) -> str | None:
    return " ".join(scope_uri(subject.known.version, name) for name in names) or None


@only(_signs)
async def requests_are_signed_by_the_documented_method(subject: Subject) -> None:
    server = subject.new_server()
    way = Way(server)
    await subject.client(server, way=way).page(PageRequest("orgs"))
    header = way.sent[0].headers["authorization"]
    assert f'oauth_signature_method="{subject.facts.signature}"' in header


@only(_asks_for_tokens)
async def a_token_that_has_ended_is_renewed_once(subject: Subject) -> None:
    now = [time.time()]
    server = subject.new_server(clock=lambda: now[0])
    client = subject.client(server)
    await client.page(PageRequest("orgs"))
    now[0] += 30_000
    page = await client.page(PageRequest("orgs"))
    assert page.received == len(published(server, "orgs"))
    assert token_requests(server) == 2


@only(_asks_for_tokens)
async def a_token_revoked_during_a_scan_leaves_no_gap_and_costs_one_request(subject: Subject) -> None:
    server = subject.new_server()
    client = subject.client(server)
    first = await client.page(PageRequest("classes", limit=5))
    server.revoke_tokens()
    server.reset()
    offsets = range(5, len(published(server, "classes")), 5)
    rest = await asyncio.gather(*(client.page(PageRequest("classes", limit=5, offset=o)) for o in offsets))
    got = [r.sourced_id for page in (first, *rest) for r in page.records]
    assert sorted(got) == sorted(made["sourcedId"] for made in published(server, "classes"))
    assert token_requests(server) == 1


def _answer(status: int) -> Case:
    @only(_asks_for_tokens)
    async def case(subject: Subject) -> None:
        server = subject.new_server()
        client = subject.client(server, retries=Retries(attempts=1))
        await client.page(PageRequest("orgs"))
        server.reset()
        server.answer_next(status, b"{}")
        renews = status in subject.facts.stale
        try:
            page = await client.page(PageRequest("orgs"))
        except SourceError:
            assert not renews
        else:
            assert renews
            assert page.received == len(published(server, "orgs"))
        assert token_requests(server) == int(renews)

    case.__name__ = f"an_answer_of_{status}_renews_the_token_where_it_can_mean_that_it_ended"
    return case


@only(_asks_for_tokens)
async def cookies_of_the_token_answer_are_returned_where_the_provider_wants_them(subject: Subject) -> None:
    server = subject.new_server()

    def balanced(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        """A load balancer's own cookie, where the server sets none."""
        if request.method == "POST":
            response.headers.setdefault("set-cookie", "node=7; Path=/")
        return response

    way = Way(server, balanced)
    await subject.client(server, way=way).page(PageRequest("orgs"))
    asked = [request for request in way.sent if request.method == "GET"]
    assert all(("cookie" in request.headers) is subject.facts.cookies for request in asked)


@only(_asks_for_tokens)
async def the_token_url_is_derived_only_where_the_dialect_knows_it(subject: Subject) -> None:
    auth = subject.dialect.auth
    assert isinstance(auth, OAuth2)
    server = subject.new_server()
    kind = server.kind.auth
    try:
        client = subject.client(server, token_url=None)
    except Misconfigured:
        assert auth.token_path is None
        assert subject.known.auth.token_path is None  # type: ignore[union-attr]
        return
    page = await client.page(PageRequest("orgs"))
    assert page.received == len(published(server, "orgs"))
    assert kind.path in {urlsplit(f"{ADDRESS}{seen.path}").path for seen in server.log}  # type: ignore[union-attr]


async def addresses_as_districts_paste_them_reach_the_service(subject: Subject) -> None:
    server = subject.server
    base = str(server.settings(ADDRESS)["base_url"])
    service = subject.known.base_path
    assert base.endswith(service)
    cut = base.removesuffix(service)
    shorter = cut + service.rpartition("/")[0]
    for given in (base, f"{base}/", cut, f"{cut}/", shorter, f"{base}{service}"):
        assert await _reads(subject, server, given), f"{given} does not reach the service"


async def _reads(subject: Subject, server: Server, given: str) -> bool:
    server.reset()
    page = await subject.client(server, base_url=given).page(PageRequest("orgs"))
    return page.received == len(published(server, "orgs")) and len(data_requests(server)) == 1


async def no_credential_is_shown(subject: Subject) -> None:
    server = subject.server
    spec = subject.spec(server)
    shown = f"{spec!r} {spec.credentials!s}"
    assert "sandbox-secret" not in shown
    assert isinstance(spec.dialect.auth, (OAuth1, OAuth2, StaticBearer))


CASES: list[Case] = [
    good_credentials_are_accepted,
    wrong_credentials_are_denied,
    many_readers_ask_for_one_token_in_the_documented_form,
    other_services_are_asked_with_a_token_of_their_scopes,
    requests_are_signed_by_the_documented_method,
    a_token_that_has_ended_is_renewed_once,
    a_token_revoked_during_a_scan_leaves_no_gap_and_costs_one_request,
    *(_answer(status) for status in (401, 403, 500)),
    cookies_of_the_token_answer_are_returned_where_the_provider_wants_them,
    the_token_url_is_derived_only_where_the_dialect_knows_it,
    addresses_as_districts_paste_them_reach_the_service,
    no_credential_is_shown,
]
