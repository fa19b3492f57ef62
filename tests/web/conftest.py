"""A gateway-like server on a port of its own, and a Chromium that can reach nothing else."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import strawberry
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, sync_playwright
from starlette import routing
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.web import pages

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


@strawberry.type(description="One configured OneRoster server that the gateway reads.")
class Source:
    key: strawberry.ID
    name: str = strawberry.field(description="For people; may change.")


@strawberry.type(description="Some sources.")
class SourceConnection:
    nodes: list[Source]


@strawberry.type
class Query:
    @strawberry.field(description="The sources in scope.")
    def sources(self, first: int = 50) -> SourceConnection:
        all_sources = [
            Source(key=strawberry.ID("springfield"), name="Springfield Public Schools"),
            Source(key=strawberry.ID("shelby"), name="Shelby Unified"),
        ]
        return SourceConnection(nodes=all_sources[:first])


SCHEMA = strawberry.Schema(query=Query)


async def graphql(request: Request) -> Response:
    if request.method == "GET":
        assert pages.accepts_html(request)
        return pages.graphiql(request)
    body = await request.json()
    result = await SCHEMA.execute(body["query"], body.get("variables"), operation_name=body.get("operationName"))
    errors = [error.formatted for error in result.errors or ()]
    return JSONResponse({"data": result.data, **({"errors": errors} if errors else {})})


async def front(request: Request) -> Response:
    return pages.front(request, ["Springfield Public Schools", "Shelby Unified"])


@pytest.fixture(scope="session")
def graphql_server() -> Iterator[str]:
    """The base URL of a server with GraphiQL at /graphql, the front page at / and at least one source."""
    routes = [
        routing.Route("/graphql", graphql, methods=["GET", "POST"]),
        routing.Route("/", front),
        *pages.routes(),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), lifespan="off", log_level="warning"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


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
