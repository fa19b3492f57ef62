"""The gateway on a port of its own, and a Chromium that can reach nothing else."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect, sync_playwright

from adapters.client import SourceClient
from gateway.app import build
from gateway.config import SourceSettings, from_tables
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from tests.serving import served

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=60_000)  # milliseconds: the machine may be busy


@pytest.fixture(scope="session")
def graphql_server() -> Iterator[str]:
    """The base URL of the gateway over two sandbox districts."""
    servers = {
        "springfield": make_server("infinite-campus-1.2", generate(1, students=60)),
        "shelby": make_server("classlink", generate(2, students=60)),
    }
    tables = [
        {"key": key, "name": key.title(), **server.settings(f"http://{key}.test")} for key, server in servers.items()
    ]

    def connect(settings: SourceSettings) -> SourceClient:
        return SourceClient(settings.spec, httpx2.ASGITransport(servers[settings.key].app))

    with served(build(from_tables({"sources": tables}), connect)) as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None and "CI" not in os.environ:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    assert found is not None, "CI is set, so Chromium must be there"
    return found


@dataclass(frozen=True)
class Visit:
    """One browser window, what it asked of other servers and what it complained of."""

    context: BrowserContext
    page: Page
    base_url: str
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def watch(visit: Visit) -> None:
    def only_the_gateway(route: Route) -> None:
        if route.request.url.startswith(f"{visit.base_url}/"):
            route.continue_()
        else:
            visit.foreign.append(route.request.url)
            route.abort()

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            visit.complaints.append(f"{message.text} ({message.location})")

    visit.context.route("**/*", only_the_gateway)
    visit.page.on("websocket", lambda opened: visit.foreign.append(opened.url))
    visit.page.on("console", note)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """With an empty profile. For a module, not the session: its event loop would be in the way of async tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(graphql_server: str, browser: Browser) -> Iterator[Visit]:
    """A new window that remembers nothing. Ends by checking that nothing foreign was asked for and nothing broke."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    visit = Visit(context, context.new_page(), graphql_server)
    watch(visit)
    yield visit
    context.close()
    assert visit.foreign == []
    assert visit.complaints == []
