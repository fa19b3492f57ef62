"""GraphiQL of a gateway that has keys to choose from, as the demo has: what is asked is asked with the one chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from adapters.client import SourceClient
from gateway.app import build
from gateway.config import SourceSettings, from_tables
from gateway.demo import Clients, clients
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from tests.serving import served

pytestmark = pytest.mark.browser

QUERY = "query Mine { viewer { name } users(first: 1) { nodes { familyName } } }"


@pytest.fixture(scope="module")
def demo() -> Iterator[tuple[str, Clients]]:
    """The base URL of a gateway with the demo's clients, over one district; and these."""
    server = make_server("infinite-campus-1.2", generate(1, students=60))

    def connect(settings: SourceSettings) -> SourceClient:
        return SourceClient(settings.spec, httpx2.ASGITransport(server.app))

    settings = from_tables({"sources": [{"key": "maple", "name": "Maple", **server.settings("http://maple.test")}]})
    with clients() as known:
        access = replace(settings.access, clients=known.file)
        settings = replace(settings, gateway=replace(settings.gateway, secret=known.secret), access=access)
        with served(build(settings, connect, keys={f"as {name}": key for name, key in known.keys.items()})) as url:
            yield url, known


def ask(page: Page) -> None:
    page.get_by_role("button", name="Execute query").click()


def test_MASK_the_first_key_asks_until_another_is_chosen_and_one_under_headers_before_either(
    browser: Browser, demo: tuple[str, Clients], tmp_path: Path
) -> None:
    url, known = demo
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{url}/graphql")
    choice = page.get_by_role("combobox", name="Ask with")
    expect(choice.locator("option")).to_have_text(["as full", "as masked"])
    page.get_by_role("region", name="Query Editor").locator(".CodeMirror:visible").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(QUERY)
    expect(page.get_by_role("tab", selected=True)).to_have_text("Mine")  # from then on that is what is asked
    result = page.get_by_role("region", name="Result Window")
    ask(page)
    expect(result).to_contain_text('"full"')
    choice.select_option("as masked")
    ask(page)
    expect(result).to_contain_text('"masked"')
    page.screenshot(path=tmp_path / "masked.png")
    page.get_by_role("button", name="Headers", exact=True).click()
    page.get_by_role("region", name="Headers").locator(".CodeMirror:visible").click()
    page.keyboard.insert_text('{"Authorization": "Bearer ' + known.keys["full"] + '"}')
    ask(page)
    expect(result).to_contain_text('"full"')
    page.wait_for_function("JSON.stringify(localStorage).includes('familyName')")
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert not [key for key in known.keys.values() if key in kept]
    assert complaints == []
    page.close()
