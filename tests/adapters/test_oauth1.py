"""Held to RFC 5849's own examples, and to oauthlib as an independent verifier."""

import re
from urllib.parse import unquote

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client

from adapters.addresses import encoded, query_text
from adapters.auth import OAuth1Flow
from adapters.dialect import Signature
from adapters.oauth1 import base_string, signature
from adapters.secret import Secret


def test_the_base_string_is_that_of_rfc_5849_3_4_1_1() -> None:
    url = "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b"
    others = [
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
        ("c2", ""),
        ("a3", "2 q"),
    ]
    assert base_string("post", url, others) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1"
        "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://EXAMPLE.COM:80/r%20v/X?id=123", "http://example.com/r%20v/X"),
        ("https://www.example.net:8080/?q=1", "https://www.example.net:8080/"),
        ("https://www.example.net:443", "https://www.example.net/"),
    ],
)
def test_the_address_in_the_base_string_is_that_of_rfc_5849_3_4_1_2(url: str, address: str) -> None:
    assert base_string("GET", url, []).split("&")[1] == encoded(address)


def test_every_character_that_is_not_unreserved_is_encoded() -> None:
    assert encoded("!'()*+ ~-._") == "%21%27%28%29%2A%2B%20~-._"


def test_a_quote_sent_raw_is_signed_as_percent_27() -> None:
    assert base_string("GET", "https://h.example/u?filter=a='b'", []) == base_string(
        "GET", "https://h.example/u?filter=a%3D%27b%27", []
    )


def test_a_plus_sent_raw_is_the_blank_that_forms_make_of_it() -> None:
    assert base_string("GET", "https://h.example/u?a3=2+q", []) == base_string(
        "GET", "https://h.example/u?a3=2%20q", []
    )


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"))) | st.text("'+&=%~!()* aä;,")


@given(
    st.lists(st.tuples(TEXT.filter(lambda t: not t.startswith("oauth_")), TEXT), max_size=6),
    TEXT.filter(bool),
    st.sampled_from([(Signature.HMAC_SHA1, SIGNATURE_HMAC_SHA1), (Signature.HMAC_SHA256, SIGNATURE_HMAC_SHA256)]),
)
def test_oauthlib_comes_to_the_same_signature(
    parameters: list[tuple[str, str]], secret: str, methods: tuple[Signature, str]
) -> None:
    ours, theirs = methods
    url = "https://H.example:443/ims/oneroster/v1p1/users/s%2F1?" + query_text([*parameters, ("filter", "a='b+c&d'")])
    request = httpx2.Request("GET", url)
    next(OAuth1Flow(ours, Secret("key ä"), Secret(secret), lambda: 1_700_000_000.9).auth_flow(request))
    sent = {n: unquote(v) for n, v in re.findall(r'(\w+)="([^"]*)"', request.headers["Authorization"])}
    assert sent["oauth_consumer_key"] == "key ä"
    assert sent["oauth_timestamp"] == "1700000000"
    assert sent["oauth_version"] == "1.0"
    client = Client(
        "key ä",
        client_secret=secret,
        signature_method=theirs,
        nonce=sent["oauth_nonce"],
        timestamp=sent["oauth_timestamp"],
    )
    _, headers, _ = client.sign(str(request.url))
    assert re.search(r'oauth_signature="([^"]*)"', headers["Authorization"])[1] == encoded(sent["oauth_signature"])  # type: ignore[index]


def test_nonces_do_not_repeat_over_100_000_attempts() -> None:
    flow = OAuth1Flow(Signature.HMAC_SHA256, Secret("k"), Secret("s"))
    request = httpx2.Request("GET", "https://h.example/users")
    nonces = set()
    for _ in range(100_000):
        next(flow.auth_flow(request))
        nonces.add(request.headers["Authorization"].partition('oauth_nonce="')[2].partition('"')[0])
    assert len(nonces) == 100_000


def test_the_key_is_the_encoded_secret_and_an_ampersand() -> None:
    assert signature(Signature.HMAC_SHA1, "a&b", "x") != signature(Signature.HMAC_SHA1, "a%26b", "x")
