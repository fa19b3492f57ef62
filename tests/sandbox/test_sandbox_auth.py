"""Authentication is really checked: secrets, expiry, scopes, cookies, signatures."""

import time
from typing import Any

import httpx2
import oauthlib.oauth1
import pytest

from gateway.sandbox import oauth1
from gateway.sandbox.kind import ClientCredentials
from gateway.sandbox.kinds import KINDS

pytestmark = pytest.mark.anyio
TOKEN_KINDS = [slug for slug, kind in KINDS.items() if isinstance(kind.auth, ClientCredentials)]


@pytest.mark.parametrize("kind", list(KINDS))
async def test_good_credentials_read_and_none_do_not(connect: Any, kind: str) -> None:
    reach = connect(kind)
    assert (await reach.get("/users", limit=1)).status_code == 200
    bare = await reach.client.get(reach.url("/users"))
    assert bare.status_code == (500 if kind == "skyward" else 401)


@pytest.mark.parametrize("kind", TOKEN_KINDS)
async def test_a_wrong_secret_gets_no_token(connect: Any, kind: str) -> None:
    refused = await connect(kind).ask_token(secret="wrong")
    assert refused.status_code == 401
    assert refused.json()["error"] == "invalid_client"


@pytest.mark.parametrize("kind", TOKEN_KINDS)
async def test_a_token_expires_and_can_be_revoked(connect: Any, kind: str) -> None:
    now = [1_000_000.0]
    reach = connect(kind, token_seconds=60, clock=lambda: now[0])
    refused = 500 if kind == "skyward" else 401
    assert (await reach.get("/users", limit=1)).status_code == 200
    now[0] += 61
    assert (await reach.get("/users", limit=1)).status_code == refused
    reach.token = ""
    assert (await reach.get("/users", limit=1)).status_code == 200
    reach.server.revoke_tokens()
    assert (await reach.get("/users", limit=1)).status_code == refused
    assert reach.server.requests["POST token"] == 2


@pytest.mark.parametrize("kind", ["standard-1.1", "standard-1.2", "skyward", "ed-fi", "aeries"])
async def test_demographics_need_their_own_scope(connect: Any, kind: str) -> None:
    reach = connect(kind)
    reach.token = (await reach.ask_token(scope="roster.readonly")).json()["access_token"]
    assert (await reach.get("/users", limit=1)).status_code == 200
    assert (await reach.get("/demographics")).status_code == 403
    reach.token = (await reach.ask_token(scope="roster-demographics.readonly")).json()["access_token"]
    assert (await reach.get("/demographics")).status_code == 200
    assert (await reach.get("/users")).status_code == 403


async def test_nested_routes_need_the_full_scope(connect: Any) -> None:
    reach = connect("standard-1.2")
    school = (await reach.ids("/schools"))[0]
    assert (await reach.get(f"/schools/{school}/classes")).status_code == 200
    reach.token = (await reach.ask_token(scope="roster-core.readonly")).json()["access_token"]
    assert (await reach.get("/classes", limit=1)).status_code == 200
    assert (await reach.get(f"/schools/{school}/classes")).status_code == 403


async def test_a_client_gets_no_more_than_its_scopes(connect: Any) -> None:
    reach = connect("infinite-campus-1.2", scopes=["roster.readonly"])
    assert (await reach.get("/demographics")).status_code == 403
    standard = connect("standard-1.2", scopes=["roster.readonly"])
    assert (await standard.ask_token(scope="roster-demographics.readonly")).json()["error"] == "invalid_scope"


@pytest.mark.parametrize("kind", ["synergy", "aeries"])
async def test_some_demand_a_scope(connect: Any, kind: str) -> None:
    refused = await connect(kind).ask_token(scope=None)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize("kind", ["standard-1.1", "xporter", "alpha", "timeback", "skyward", "infinite-campus-1.2"])
async def test_others_do_not(connect: Any, kind: str) -> None:
    assert (await connect(kind).ask_token(scope=None)).status_code == 200


async def test_infinite_campus_demands_the_app_name_of_its_token_url(connect: Any) -> None:
    reach = connect("infinite-campus-1.2")
    assert reach.settings["token_url"].endswith(f"?appName={reach.server.district.slug}")
    reach.settings["token_url"] = reach.settings["token_url"].partition("?")[0]
    assert (await reach.ask_token()).status_code == 400


@pytest.mark.parametrize("kind", ["timeback", "powerschool"])
async def test_body_credentials_only(connect: Any, kind: str) -> None:
    reach = connect(kind)
    pair = (reach.settings["client_id"], reach.settings["client_secret"])
    form = {"grant_type": "client_credentials"}
    refused = await reach.client.post(reach.settings["token_url"], auth=pair, data=form)
    assert refused.status_code == 401


@pytest.mark.parametrize("kind", ["skyward", "synergy", "xporter", "infinite-campus-1.2"])
async def test_basic_credentials_only(connect: Any, kind: str) -> None:
    reach = connect(kind)
    form = {"grant_type": "client_credentials", "client_id": reach.settings["client_id"]}
    form["client_secret"] = reach.settings["client_secret"]
    assert (await reach.client.post(reach.settings["token_url"], data=form)).status_code == 401


async def test_alpha_takes_credentials_as_json_form_and_basic(connect: Any) -> None:
    reach = connect("alpha")
    url, form = reach.settings["token_url"], {"grant_type": "client_credentials"}
    pair = {name: reach.settings[name] for name in ("client_id", "client_secret")}
    for answer in (
        await reach.client.post(url, json={**form, **pair}),
        await reach.client.post(url, data={**form, **pair}),
        await reach.client.post(url, data=form, auth=(pair["client_id"], pair["client_secret"])),
    ):
        assert answer.status_code == 200


async def test_xporter_takes_a_post_without_body_by_relying_party_and_establishment(connect: Any) -> None:
    reach = connect("xporter")
    assert "|" in reach.settings["client_id"]
    pair = (reach.settings["client_id"], reach.settings["client_secret"])
    answer = await reach.client.post(reach.settings["token_url"], auth=pair)
    assert answer.json()["expires_in"] == 3600
    assert reach.settings["token_url"] == reach.settings["base_url"] + "/auth/token"


async def test_aeries_demands_the_cookie_of_the_token_answer(connect: Any) -> None:
    reach = connect("aeries")
    answer = await reach.ask_token()
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 21_600
    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await reach.client.get(reach.url("/orgs"), headers=bearer)).status_code == 200
    reach.client.cookies.clear()
    assert (await reach.client.get(reach.url("/orgs"), headers=bearer)).status_code == 401


async def test_the_classlink_proxy_takes_its_token_and_its_application_id_verbatim(connect: Any) -> None:
    reach = connect("classlink-proxy")
    assert (await reach.get("/users", limit=1)).status_code == 200
    bearer = {"authorization": f"Bearer {reach.settings['token']}"}
    doubled = reach.settings["base_url"].replace("%", "%25") + "/users"
    assert (await reach.client.get(doubled, headers=bearer)).status_code == 404
    wrong = {"authorization": "Bearer other"}
    assert (await reach.client.get(reach.url("/users"), headers=wrong)).status_code == 401


async def signed(reach: Any, path: str, secret: str | None = None, **more: Any) -> httpx2.Response:
    params = more.pop("params", {})
    url = reach.url(path, **params)
    return await reach.client.get(url, headers={"authorization": reach.sign(url, secret, **more)})


@pytest.mark.parametrize("method", [oauthlib.oauth1.SIGNATURE_HMAC_SHA256, oauthlib.oauth1.SIGNATURE_HMAC_SHA1])
async def test_an_independent_signer_is_believed(connect: Any, method: str) -> None:
    reach = connect("classlink")
    params = {"limit": 3, "filter": "familyName='O Neil+&='", "sort": "sourcedId"}
    answer = await signed(reach, "/users", params=params, signature_method=method)
    assert answer.status_code == 200
    escaped = await signed(reach, "/classes/cl%2F3/students", signature_method=method)
    assert escaped.status_code == 200


async def test_a_wrong_secret_or_an_unsigned_parameter_is_not_believed(connect: Any) -> None:
    reach = connect("classlink")
    assert (await signed(reach, "/users", secret="wrong")).status_code == 401
    url = reach.url("/users", limit=2)
    header = {"authorization": reach.sign(url)}
    assert (await reach.client.get(url + "&offset=1", headers=header)).status_code == 401


async def test_a_nonce_is_good_once_and_a_timestamp_for_five_minutes(connect: Any) -> None:
    reach = connect("classlink")
    url = reach.url("/users", limit=1)
    header = {"authorization": reach.sign(url)}
    assert (await reach.client.get(url, headers=header)).status_code == 200
    assert (await reach.client.get(url, headers=header)).status_code == 401
    old = await signed(reach, "/users", timestamp=str(int(time.time()) - 310))
    assert old.status_code == 401
    assert (await signed(reach, "/users", timestamp=str(int(time.time()) - 280))).status_code == 200


def test_the_base_string_is_that_of_rfc_5849() -> None:
    """RFC 5849 3.4.1.1, without its body parameters and token."""
    oauth = {
        "realm": "Example",
        "oauth_consumer_key": "9djdj82h48djs9d2",
        "oauth_token": "kkk9d7dh3k39sjv7",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "137131201",
        "oauth_nonce": "7d8f3e4a",
        "oauth_signature": "bYT5CMsGcbgUdFHObYMEfcx6bsw=",
    }
    query = "b5=%3D%253D&a3=a&c%40=&a2=r%20b&c2=&a3=2+q"
    assert oauth1.base_string("post", "http", "EXAMPLE.com:80", "/request", query, oauth) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1"
        "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )
