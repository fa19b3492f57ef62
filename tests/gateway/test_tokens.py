"""Tokens of an issuer elsewhere, whose keys come over HTTP: S02 which are taken, S03 how its keys are kept."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import serialize_compact

from adapters.endpoints import Collection
from gateway.access import key_sets
from gateway.access.callers import Callers, Unauthenticated
from gateway.access.clients import Row
from gateway.access.field_class import FieldClass
from gateway.access.grant import Access
from gateway.access.granting import Granted
from gateway.access.issuer import Algorithm, Issuer
from gateway.access.key_sets import ASK_EVERY, OLD, KeySet
from gateway.access.scope import READS, Scope
from gateway.access.tokens import LONGEST, BadToken, Tokens
from gateway.app import build
from gateway.config import ConfigError, describe, load

pytestmark = pytest.mark.anyio

NOW = 1_790_000_000.0
RSA = RSAKey.generate_key(2048, {"kid": "first"})
EC = ECKey.generate_key("P-256", {"kid": "second"})
OTHER = RSAKey.generate_key(2048, {"kid": "other"})
GRANTED = [Granted("a", "Springfield", frozenset({"pilot"})), Granted("b", None, frozenset())]
CLAIMS = {
    "iss": "https://issuer.example",
    "aud": "roster-gateway",
    "sub": "homework-app",
    "sources": ["a"],
    "scope": "openid explain",
    "exp": int(NOW) + 300,
}


@dataclass
class Published:
    """The issuer's keys over HTTP; asked: how often. broken: it answers with a fault. raw: with this, head and all."""

    address: str = ""
    keys: list[Any] = field(default_factory=lambda: [RSA, EC])
    asked: int = 0
    broken: bool = False
    answer: bytes | None = None
    raw: bytes | None = None

    def body(self) -> bytes:
        return self.answer or json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()


@pytest.fixture
def issuer() -> Iterator[Published]:
    made = Published()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked += 1
            if made.raw is not None:
                self.wfile.write(made.raw)
                return
            self.send_response(503 if made.broken else 200)
            self.end_headers()
            self.wfile.write(b"" if made.broken else made.body())

        def log_message(self, *_: Any) -> None:
            """Nothing is told."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    made.address = f"http://127.0.0.1:{server.server_address[1]}/jwks"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Clock:
    at: float = 0.0

    def __call__(self) -> float:
        return self.at


def tokens(place: str | Path, clock: Clock | None = None, **given: Any) -> Tokens:
    made = Issuer(CLAIMS["iss"], CLAIMS["aud"], place, **given)  # type: ignore[arg-type]
    return Tokens(made, KeySet(place, clock or Clock()), now=lambda: NOW)


def signed(head: dict[str, Any] | None = None, key: Any = RSA, **claims: Any) -> str:
    said = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": key.kid, **(head or {})}, said, key, algorithms=list(Algorithm))


def signed_text(claims: str) -> str:
    """What no library would sign for a claim."""
    return serialize_compact({"alg": "RS256", "kid": "first"}, claims.encode(), RSA, algorithms=["RS256"])


def by_hand(head: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    def text(part: bytes) -> str:
        return base64.urlsafe_b64encode(part).rstrip(b"=").decode()

    body = f"{text(json.dumps(head).encode())}.{text(json.dumps(CLAIMS).encode())}"
    return f"{body}.{text(sign(body.encode()))}"


def mixed_up(token: str) -> str:
    """A public key as if it were a password that both sides know."""
    public = RSA.as_pem(private=False)
    return by_hand({"alg": "HS256", "kid": "first"}, lambda body: hmac.digest(public, body, hashlib.sha256))


def cut(token: str) -> str:
    return token.rpartition(".")[0] + "."


def other_end(token: str) -> str:
    return token[:-10] + ("A" * 10 if token[-10:] != "A" * 10 else "B" * 10)


@pytest.mark.parametrize("key", [RSA, EC], ids=["RS256", "ES256"])
async def test_S02_a_good_token_names_a_client_and_its_sources(issuer: Published, key: Any) -> None:
    callers = Callers(GRANTED, tokens=tokens(issuer.address), now=lambda: NOW)
    head = {"alg": "RS256" if key is RSA else "ES256"}
    caller = await callers.caller(f"Bearer {signed(head, key)}")
    assert (caller.name, caller.key_id) == ("homework-app", None)
    assert set(caller.grant.sources) == {"a"}
    assert caller.grant.may == {(Scope.EXPLAIN, "a")}


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (lambda: by_hand({"alg": "none"}, lambda _: b""), "`alg` is not one of"),
        (lambda: mixed_up(signed()), "`alg` is not one of"),
        (lambda: signed({"alg": "RS512"}), "`alg` is not one of"),
        (lambda: by_hand({"alg": "ES256", "kid": "first"}, lambda _: b"x" * 64), "signature is not good"),
        (lambda: by_hand({"alg": "RS256", "kid": "first", "crit": ["x"], "x": 1}, lambda _: b"x"), "`crit`"),
        (lambda: by_hand({"alg": "RS256", "jwk": OTHER.as_dict(private=False)}, lambda _: b"x"), "`jwk`"),
        (lambda: by_hand({"alg": "RS256", "jku": "https://evil.example"}, lambda _: b"x"), "`jku`"),
        (lambda: by_hand({"alg": "RS256", "x5u": "https://evil.example"}, lambda _: b"x"), "`x5u`"),
        (lambda: signed(key=OTHER), "no key of its `kid`"),
        (lambda: signed({"kid": "first"}, key=OTHER), "signature is not good"),
        (lambda: cut(signed()), "signature is not good"),
        (lambda: other_end(signed()), "signature is not good"),
        (lambda: signed(iss="https://issuer.example/"), "another issuer"),
        (lambda: signed(iss=None), "another issuer"),
        (lambda: signed(aud="roster-gateway-2"), "another audience"),
        (lambda: signed(aud=["x", "y"]), "another audience"),
        (lambda: signed(aud=None), "another audience"),
        (lambda: signed(exp=None), "no `exp`"),
        (lambda: signed(exp="tomorrow"), "no number"),
        (lambda: signed(exp=int(NOW) - 61), "expired"),
        (lambda: signed(nbf=int(NOW) + 61), "not valid yet"),
        (lambda: signed(iat=int(NOW) + 61), "not valid yet"),
        (lambda: signed(sub=None), "does not name its client"),
        (lambda: signed(sub=5), "does not name its client"),
        (lambda: signed(sources=None), "names no sources"),
        (lambda: signed(sources=[]), "names no sources"),
        (lambda: signed(more="x" * LONGEST), f"at most {LONGEST} characters"),
        (lambda: "a.b.c", "no signed JWT"),
        (lambda: "..", "no signed JWT"),
        (lambda: "W10.W10.W10", "no signed JWT"),
        (lambda: by_hand({"alg": ["RS256"], "kid": "first"}, lambda _: b"x"), "`alg` is not one of"),
        (lambda: by_hand({"alg": {"RS256": 1}, "kid": "first"}, lambda _: b"x"), "`alg` is not one of"),
        (lambda: by_hand({"alg": "RS256", "kid": ["first"]}, lambda _: b"x"), "no key of its `kid`"),
        (lambda: by_hand({"alg": "RS256", "kid": "first", "typ": [], "cty": {}}, lambda _: b"x"), "is not good"),
        (lambda: by_hand({"alg": "RS256", "kid": "first", "b64": False}, lambda _: b"x"), "is not good"),
        (lambda: signed_text("[" * 2500 + "]" * 2500), "signature is not good"),
        (lambda: signed_text("[]"), "signature is not good"),
        (lambda: signed_text(json.dumps(CLAIMS).replace(str(CLAIMS["exp"]), "Infinity")), "no number of seconds"),
        (lambda: signed_text(json.dumps(CLAIMS).replace(str(CLAIMS["exp"]), "NaN")), "no number of seconds"),
        (lambda: signed(exp=10**400), "no number of seconds"),
        (lambda: signed(exp=int(NOW) * 1000), "no number of seconds"),
        (lambda: signed(exp=True), "no number of seconds"),
        (lambda: signed(sub=" "), "does not name its client"),
        (lambda: signed(sub="two\nlines"), "does not name its client"),
        (lambda: signed_text(json.dumps({**CLAIMS, "sub": "\ud800"})), "does not name its client"),
        (lambda: signed(sub="x" * 201), "does not name its client"),
    ],
)  # fmt: skip
async def test_S02_any_other_token_is_refused_with_why_and_nothing_of_it(
    issuer: Published, token: Callable[[], str], why: str
) -> None:
    callers = Callers(GRANTED, tokens=tokens(issuer.address), now=lambda: NOW)
    with pytest.raises(Unauthenticated, match=why) as caught:
        await callers.caller(f"Bearer {token()}")
    assert "homework" not in str(caught.value)


@pytest.mark.parametrize("claims", [{"exp": int(NOW) - 59}, {"nbf": int(NOW) + 59}, {"aud": ["x", "roster-gateway"]}])
async def test_S02_clocks_may_differ_by_a_minute_and_a_token_may_be_for_several(
    issuer: Published, claims: dict[str, Any]
) -> None:
    assert (await tokens(issuer.address).bearer(signed(**claims))).name == "homework-app"


@pytest.mark.parametrize(
    ("sources", "reached"),
    [
        ("a b", {"a", "b"}),
        (["*"], {"a", "b"}),
        (["district:Springfield"], {"a"}),
        (["label:pilot", "gone"], {"a"}),
        (["region:x", "all", ""], set()),
        ([5, None], None),
    ],
)
async def test_a_token_reaches_the_sources_that_it_names(
    issuer: Published, sources: Any, reached: set[str] | None
) -> None:
    callers = Callers(GRANTED, tokens=tokens(issuer.address), now=lambda: NOW)
    if reached is None:
        with pytest.raises(Unauthenticated):
            await callers.caller(f"Bearer {signed(sources=sources)}")
    else:
        assert (await callers.caller(f"Bearer {signed(sources=sources)}")).grant.sources.keys() == reached


V1P1, V1P2 = (f"https://purl.imsglobal.org/spec/or/{version}/scope/" for version in ("v1p1", "v1p2"))
CORE, RESOURCE = frozenset(READS[Scope.ROSTER_CORE]), frozenset(READS[Scope.RESOURCE])


async def access(issuer: Published, **claims: Any) -> Access:
    callers = Callers(GRANTED, tokens=tokens(issuer.address), now=lambda: NOW)
    return (await callers.caller(f"Bearer {signed(**claims)}")).grant.at("a")


@pytest.mark.parametrize(
    ("scope", "read"),
    [
        ("roster-core.readonly", CORE),
        (f"openid {V1P1}roster-core.readonly", CORE),
        ([f"{V1P2}roster-core.readonly", f"{V1P1}resource.readonly", "profile"], CORE | RESOURCE),
        (f"{V1P2}roster.readonly", CORE | {Collection.DEMOGRAPHICS}),
        (f"{V1P2}roster-core.readonly/ {V1P2}roster-core.createput https://evil.example/scope/roster.readonly", set()),
        (f"{V1P1}explain *", set()),
        ("ROSTER.READONLY", set()),
        (None, set()),
        (5, set()),
        ({"roster.readonly": True}, set()),
    ],
)  # fmt: skip
async def test_S05_a_token_reads_by_the_scopes_of_oneroster_in_short_or_in_full(
    issuer: Published, scope: Any, read: set[Collection]
) -> None:
    found = await access(issuer, scope=scope)
    assert found.collections == read
    assert found.classes == frozenset()


async def test_what_is_not_of_oneroster_has_no_long_name(issuer: Published) -> None:
    callers = Callers(GRANTED, tokens=tokens(issuer.address), now=lambda: NOW)
    caller = await callers.caller(f"Bearer {signed(scope=f'refresh {V1P1}explain {V1P2}holds')}")
    assert caller.grant.may == {(Scope.REFRESH, "a")}


@pytest.mark.parametrize(
    ("fields", "classes"),
    [
        (["NAME", "CONTACT"], {"NAME", "CONTACT"}),
        ("GRADES NAME", {"NAME", "GRADES"}),
        ("*", set(FieldClass)),
        ("name NAMES all", set()),
        (["name", 5, None, ["RAW"]], set()),
        (True, set()),
        (None, set()),
    ],
)
async def test_S06_a_token_has_the_field_classes_that_it_names_and_else_none(
    issuer: Published, fields: Any, classes: set[str]
) -> None:
    found = await access(issuer, scope="roster.readonly", fields=fields)
    assert found == Access(CORE | {Collection.DEMOGRAPHICS}, frozenset(map(FieldClass, classes)))


@pytest.mark.parametrize(
    ("claims", "orgs"),
    [
        ({"orgs": ["1", "two words"]}, {"1", "two words"}),
        ({"orgs": "1 2"}, {"1", "2"}),
        ({"orgs": ["1", 2]}, {"1"}),
        ({}, None),
    ],
)
async def test_S04_a_token_is_held_to_its_orgs(
    issuer: Published, claims: dict[str, Any], orgs: set[str] | None
) -> None:
    assert (await access(issuer, **claims)).orgs == orgs


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"orgs": []}, "`orgs` names none"),
        ({"orgs": 5}, "`orgs` names none"),
        ({"orgs": {"id": "1"}}, "`orgs` names none"),
        ({"orgs": "1", "sources": "a b"}, "`orgs` takes one source"),
        ({"orgs": "1", "sources": "*"}, "`orgs` takes one source"),
        ({"orgs": "1", "sources": "a label:pilot"}, "`orgs` takes one source"),
        ({"orgs": "1", "sources": "district:Springfield"}, "`orgs` takes one source"),
    ],
)
async def test_S04_a_limit_that_cannot_be_read_is_not_passed_over(
    issuer: Published, claims: dict[str, Any], why: str
) -> None:
    with pytest.raises(Unauthenticated, match=why):
        await access(issuer, **claims)


async def test_S04_orgs_that_are_null_are_no_orgs(issuer: Published) -> None:
    said = jwt.encode({"alg": "RS256", "kid": "first"}, {**CLAIMS, "orgs": None}, RSA)
    with pytest.raises(BadToken, match="`orgs` names none"):
        await tokens(issuer.address).bearer(said)


@pytest.mark.parametrize(("mask", "masked"), [(True, True), ("yes", True), (0, True), (False, False), (None, False)])
async def test_a_token_that_says_anything_of_masks_but_no_is_masked(issuer: Published, mask: Any, masked: bool) -> None:
    assert (await access(issuer, mask=mask)).masked is masked


async def test_the_claims_are_those_of_the_settings(issuer: Published) -> None:
    named = {
        "name": "azp", "sources": "districts", "scopes": "perms", "fields": "classes", "orgs": "schools",
        "mask": "made_up", "purpose": "why",
    }  # fmt: skip
    claims = {
        "azp": "app-2", "districts": ["b"], "perms": ["refresh"], "classes": ["NAME"], "schools": ["1"],
        "made_up": True, "why": "homework",
    }  # fmt: skip
    ignored = {"sub": None, "sources": None, "scope": "holds", "fields": "*", "orgs": 5, "mask": False, "purpose": 5}
    found = await tokens(issuer.address, **named).bearer(signed(**{**ignored, **claims}))
    assert found.name == "app-2"
    assert found.row == Row(
        sources=("b",),
        scopes=(Scope.REFRESH,),
        fields=(FieldClass.NAME,),
        orgs=("1",),
        mask=True,
        expires=int(NOW) + 360,
        purpose="homework",
    )


@pytest.mark.parametrize("purpose", [5, ["homework"], None, "bell \a"])
async def test_a_purpose_that_is_no_text_is_none(issuer: Published, purpose: Any) -> None:
    assert (await tokens(issuer.address).bearer(signed(purpose=purpose))).row.purpose == ""


async def test_a_purpose_stands_on_one_line(issuer: Published) -> None:
    assert (await tokens(issuer.address).bearer(signed(purpose="home\n work "))).row.purpose == "home work"


async def test_S03_a_thousand_tokens_with_made_up_keys_have_the_issuer_asked_once(issuer: Published) -> None:
    taken = tokens(issuer.address)
    for number in range(1000):
        with pytest.raises(BadToken):
            await taken.bearer(by_hand({"alg": "RS256", "kid": f"made-up-{number}"}, lambda _: b"x"))
    assert issuer.asked == 1
    assert (await taken.bearer(signed())).name == "homework-app"


async def test_S03_all_who_come_while_the_keys_do_wait_for_them(issuer: Published) -> None:
    taken = tokens(issuer.address)
    given_up = asyncio.create_task(taken.bearer(signed()))
    others = [asyncio.create_task(taken.bearer(signed(sub=f"app-{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    given_up.cancel()
    assert [bearer.name for bearer in await asyncio.gather(*others)] == [f"app-{n}" for n in range(20)]
    assert issuer.asked == 1


async def test_S03_a_new_key_is_found_and_one_taken_back_ends_without_a_restart(issuer: Published) -> None:
    clock = Clock()
    taken = tokens(issuer.address, clock)
    await taken.bearer(signed())
    issuer.keys = [EC, OTHER]
    clock.at += ASK_EVERY
    assert (await taken.bearer(signed(key=OTHER))).name == "homework-app"
    with pytest.raises(BadToken, match="no key of its `kid`"):
        await taken.bearer(signed())
    issuer.keys = [EC]
    clock.at += OLD + 1
    with pytest.raises(BadToken, match="no key of its `kid`"):
        await taken.bearer(signed(key=OTHER))
    assert issuer.asked == 3


@pytest.mark.parametrize(
    "fault",
    [
        "503",
        "nonsense",
        "another-shape",
        "gone",
        "huge",
        "deep",
        "unreadable-keys",
        "no-http",
        "cut",
        "many-headers",
        "broken-chunks",
    ],
)
async def test_S03_the_last_good_keys_serve_while_the_issuer_fails(
    issuer: Published, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    taken = tokens(issuer.address, clock)
    await taken.bearer(signed())
    issuer.broken = fault == "503"
    issuer.answer = {
        "nonsense": b"<html>",
        "another-shape": b'{"keys": {}}',
        "huge": b" " * 300_000,
        "deep": b'{"keys": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "unreadable-keys": b'{"keys": [{"kty": "RSA", "kid": "first", "n": 5, "e": "AQAB"}]}',
    }.get(fault)
    issuer.raw = {
        "no-http": b"<html>\r\n\r\n",
        "cut": b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{",
        "many-headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n{}",
        "broken-chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhtml\r\n",
    }.get(fault)
    if fault == "gone":
        taken._keys._place = "http://127.0.0.1:9/jwks"
    clock.at += OLD + 1
    assert (await taken.bearer(signed())).name == "homework-app"
    await nothing_more_comes(taken)
    assert "keys stay as they were" in caplog.text
    assert "html" not in caplog.text


async def nothing_more_comes(taken: Tokens) -> None:
    while (coming := taken._keys._coming) is not None:
        await asyncio.wait({coming})


@pytest.mark.parametrize(
    "other",
    [
        {"kty": "EC", "crv": "P-111", "x": "AA", "y": "AA", "kid": "odd"},
        {"kty": "EC", "crv": "P-256", "kid": "odd"},
        {"kty": "RSA", "n": 5, "e": "AQAB", "kid": "odd"},
        {"kty": ["RSA"], "kid": "odd"},
        {**RSA.as_dict(private=False), "kid": ["first"]},
        {**RSA.as_dict(private=False), "kid": "odd", "alg": ["RS256"]},
    ],
)
async def test_S03_a_key_that_cannot_be_read_is_passed_over_and_the_others_are_taken(
    issuer: Published, other: dict[str, Any]
) -> None:
    issuer.answer = json.dumps({"keys": [other, RSA.as_dict(private=False)]}).encode()
    assert (await tokens(issuer.address).bearer(signed())).name == "homework-app"


async def test_S03_an_issuer_that_does_not_end_its_answer_holds_nobody_up_whose_key_is_known(
    issuer: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    taken = tokens(issuer.address, clock)
    await taken.bearer(signed())
    asked, go_on = threading.Event(), threading.Event()

    def endless(address: str) -> bytes:
        asked.set()
        go_on.wait()
        raise TimeoutError

    monkeypatch.setattr(key_sets, "_get", endless)
    clock.at += OLD + 1
    first = asyncio.create_task(taken.bearer(signed()))
    await asyncio.to_thread(asked.wait)
    assert not first.done()  # it may be a key that was taken back meanwhile
    clock.at += key_sets._SECONDS
    assert (await taken.bearer(signed())).name == "homework-app"
    with pytest.raises(BadToken, match="no key of its `kid`"):
        await taken.bearer(signed(key=OTHER))
    go_on.set()
    assert (await first).name == "homework-app"

    asked.clear(), go_on.clear()
    clock.at += ASK_EVERY
    monkeypatch.setattr(taken._keys, "_left", lambda: pytest.fail("it is waited for"))
    assert (await taken.bearer(signed())).name == "homework-app"  # it failed before: nobody waits for it again
    await asyncio.to_thread(asked.wait)
    go_on.set()
    await nothing_more_comes(taken)


async def test_S03_an_answer_that_comes_byte_by_byte_is_given_up(
    issuer: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = map(float, range(100))
    monkeypatch.setattr(key_sets, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    monkeypatch.setattr(key_sets, "_PIECE", 10)
    issuer.answer = b" " * 1000
    with pytest.raises(TimeoutError):
        await asyncio.to_thread(key_sets._get, issuer.address)


async def test_S03_keys_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    secret = OctKey.generate_key(256, {"kid": "third"})
    file.write_text(json.dumps({"keys": [RSA.as_dict(private=True), secret.as_dict(private=True), {"kty": "?"}, 5]}))
    assert (await tokens(file).bearer(signed())).name == "homework-app"
    unnamed = jwt.encode({"alg": "RS256"}, CLAIMS, RSA)
    assert (await tokens(file).bearer(unnamed)).name == "homework-app"  # there is no other key


async def test_S03_an_address_that_leads_elsewhere_is_not_followed(issuer: Published) -> None:
    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("location", issuer.address)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing is told."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    with pytest.raises(BadToken, match="no key"):
        await tokens(f"http://127.0.0.1:{server.server_address[1]}/").bearer(signed())
    server.shutdown()
    thread.join()
    server.server_close()
    assert issuer.asked == 0


SETTINGS = """
[access.jwt]
issuer = "https://issuer.example"
audience = "roster-gateway"
jwks = "https://issuer.example/jwks"
"""


def test_an_issuer_is_a_setting_and_tells_clients_apart(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(SETTINGS + 'algorithms = ["ES384"]\nsources = "districts"\nfields = "classes"\nmask = "made_up"\n')
    settings = load(file)
    assert settings.access.jwt == Issuer(
        "https://issuer.example",
        "roster-gateway",
        "https://issuer.example/jwks",
        algorithms=frozenset({Algorithm.ES384}),
        sources="districts",
        fields="classes",
        mask="made_up",
    )
    assert settings.access.told_apart
    build(settings)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[access.jwt]\nissuer = "x"\n', r"access\.jwt\.jwks(.|\n)*access\.jwt\.audience"),
        (SETTINGS.replace("https://issuer.example/jwks", "http://issuer.example/jwks"), "without https"),
        (SETTINGS + 'leeway = "2m"\n', "at most 60s"),
        (SETTINGS + 'algorithms = ["HS256"]\n', "no such choice"),
    ],
)
def test_mistakes_about_an_issuer_are_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert re.search(told, describe(caught.value.mistakes))
