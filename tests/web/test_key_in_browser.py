"""S08: a key that somebody typed into GraphiQL is sent to the gateway, and is nowhere once the page is gone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from adapters.client import SourceClient
from adapters.secret import Secret
from gateway.access.api_keys import hashed, id_of, make
from gateway.access.clients import Client, Kept, Row, changing
from gateway.app import build
from gateway.config import AccessSettings, SourceSettings, from_tables
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from tests.serving import served

pytestmark = pytest.mark.browser

SECRET = Secret("a secret of the gateway, of many characters")

EVERYWHERE = """async () => {
  const databases = []
  for (const { name, version } of await indexedDB.databases()) {
    const opened = await new Promise((done, failed) => {
      const asked = indexedDB.open(name, version)
      asked.onsuccess = () => done(asked.result)
      asked.onerror = failed
    })
    for (const store of opened.objectStoreNames) {
      const all = opened.transaction(store).objectStore(store).getAll()
      databases.push([name, store, await new Promise((done) => { all.onsuccess = () => done(all.result) })])
    }
  }
  const cached = []
  for (const name of await caches.keys()) cached.push(name, (await (await caches.open(name)).keys()).map((r) => r.url))
  return JSON.stringify({
    local: { ...localStorage }, session: { ...sessionStorage }, cookies: document.cookie, databases, cached,
    address: location.href, state: history.state, window: window.name, page: document.documentElement.outerHTML,
  })
}"""
"""All that a page can leave with a browser."""


@pytest.fixture(scope="module")
def key() -> str:
    return make().reveal()


@pytest.fixture(scope="module")
def guarded(key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a gateway that answers one client alone."""
    server = make_server("infinite-campus-1.2", generate(1, students=60))
    file = tmp_path_factory.mktemp("access") / "clients.json"
    with changing(file) as clients:
        kept = Kept(id_of(key) or "", hashed(key, SECRET), 0)
        clients["explorer"] = Client("explorer", (kept,), (Row(every=True),))

    def connect(settings: SourceSettings) -> SourceClient:
        return SourceClient(settings.spec, httpx2.ASGITransport(server.app))

    settings = from_tables({"sources": [{"key": "maple", "name": "Maple", **server.settings("http://maple.test")}]})
    access = AccessSettings(clients=file)
    settings = replace(settings, gateway=replace(settings.gateway, secret=SECRET), access=access)
    with served(build(settings, connect)) as url:
        yield url


def typed(page: Page, region: str, text: str) -> None:
    page.get_by_role("region", name=region).locator(".CodeMirror:visible").click()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def test_S08_a_key_in_the_headers_pane_is_sent_and_left_nowhere(
    browser: Browser, guarded: str, key: str, tmp_path: Path
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    said: list[str] = []
    foreign: list[str] = []
    keyed: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))

    def asked(url: str, headers: dict[str, str]) -> None:
        if not url.startswith(f"{guarded}/"):
            foreign.append(url)
        if key in json.dumps(headers) + url:
            keyed.append(url)

    page.on("request", lambda request: asked(request.url, request.headers))
    page.goto(f"{guarded}/graphql")
    expect(page.get_by_role("region", name="Query Editor").locator(".CodeMirror")).to_be_visible()
    expect(page.get_by_role("note")).to_contain_text("under Headers")
    # Without a key not even the schema is told; that is the one thing that the browser complains of.
    assert all("401" in line for line in said if line.startswith("error"))
    said.clear()
    page.get_by_role("button", name="Headers", exact=True).click()
    typed(page, "Headers", '{"Authorization": "Bearer ' + key)
    typed(page, "Query Editor", "query Mine { viewer { name } sources { nodes { name } } }")
    expect(page.get_by_role("tab", selected=True)).to_have_text("Mine")
    page.get_by_role("button", name="Execute query").click()
    result = page.get_by_role("region", name="Result Window")
    expect(result).to_contain_text("explorer")
    expect(result).to_contain_text("Maple")
    with page.expect_response(lambda response: response.request.method == "POST") as schema:
        page.get_by_role("button", name="Re-fetch GraphQL schema").click()
    assert schema.value.status == 200
    page.screenshot(path=tmp_path / "asked.png")
    page.get_by_role("button", name="Show History").click()
    expect(page.get_by_role("region", name="History")).to_contain_text("Mine")
    page.wait_for_function("JSON.stringify(localStorage).includes('Mine')")

    page.reload()
    expect(page.get_by_role("region", name="Query Editor")).to_contain_text("Mine")
    left = page.evaluate(EVERYWHERE)
    assert "Mine" in left  # what was asked is kept, and is looked for in the right places
    assert key not in left
    assert re.search(r"orgw_\w{8}_", left) is None
    kept = json.dumps([context.storage_state(indexed_db=True), context.cookies()])
    assert "Mine" in kept
    assert key not in kept
    assert context.cookies() == []
    assert keyed
    assert set(keyed) == {f"{guarded}/graphql"}
    assert foreign == []
    assert [line for line in said if "401" not in line and line.startswith(("error", "warning"))] == []
    context.close()
