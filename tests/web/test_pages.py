"""The pages and their files as any HTTP client sees them."""

import hashlib
import json
import re
import tomllib
from pathlib import Path

import graphql
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from gateway.web import assets, cookbook, pages, vendor

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
ROOT = Path(__file__).parents[2]
EXAMPLES = cookbook.load()
SOURCES = ["Springfield Public Schools", "<script>alert(1)</script>"]


async def graphiql(request: Request) -> Response:
    return pages.graphiql(request)


async def front(request: Request) -> Response:
    return pages.front(request, SOURCES)


@pytest.fixture
def client() -> TestClient:
    routes = [Route("/graphql", graphiql), Route("/", front), *pages.routes()]
    return TestClient(Starlette(routes=routes), headers={"accept": BROWSER})


def request_accepting(accept: str | None) -> Request:
    headers = [] if accept is None else [(b"accept", accept.encode())]
    return Request({"type": "http", "method": "GET", "path": "/graphql", "headers": headers})


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("TEXT/HTML, */*", True),
        ("application/json;q=0.5, text/html", True),
        (None, False),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/html", False),
        ("application/graphql-response+json, application/json;q=0.9, text/html;q=0.8", False),
        ("text/html;q=0.5, */*", False),
        ("text/html;q=0", False),
        ("text/html;q=high", True),
        ("text/htmlx;,;q=,", False),
    ],
)
def test_a_page_is_for_clients_that_prefer_html(accept: str | None, expected: bool) -> None:
    assert pages.accepts_html(request_accepting(accept)) is expected


@pytest.mark.parametrize("path", ["/graphql", "/"])
def test_S08_a_page_allows_scripts_and_styles_of_the_gateway_alone(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"


def test_S08_each_graphiql_page_has_its_own_style_nonce(client: TestClient) -> None:
    seen = set()
    for answer in (client.get("/graphql"), client.get("/graphql")):
        (nonce,) = re.findall(r'data-style-nonce="([^"]+)"', answer.text)
        assert f"'nonce-{nonce}'" in answer.headers["content-security-policy"]
        seen.add(nonce)
    assert len(seen) == 2


@pytest.mark.parametrize("path", ["/graphql", "/"])
def test_what_a_page_loads_is_relative_and_there(client: TestClient, path: str) -> None:
    text = client.get(path).text
    loaded = re.findall(r'<(?:link|script|img)[^>]* (?:src|href)="([^"]+)"', text)
    loaded += re.findall(r'data-examples="([^"]+)"', text)
    assert loaded
    for address in loaded:
        assert re.fullmatch(r"assets/[\w.-]+\?v=[0-9a-f]{16}", address)
        assert client.get(f"/{address}").status_code == 200


@pytest.mark.parametrize("path", ["/graphql", "/"])
def test_S08_a_page_has_no_inline_script_or_style(client: TestClient, path: str) -> None:
    text = client.get(path).text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text)


def test_graphiql_asks_the_address_it_was_served_from() -> None:
    scope = {"type": "http", "path": "/rosters/graphql", "headers": [], "query_string": b"", "root_path": "/rosters"}
    page = bytes(pages.graphiql(Request(scope)).body).decode()
    assert 'data-endpoint="graphql"' in page


def test_graphiql_tells_its_user_what_is_to_be_known_first_as_text() -> None:
    scope = {"type": "http", "path": "/graphql", "headers": [], "query_string": b"", "root_path": ""}
    assert 'class="note"' not in bytes(pages.graphiql(Request(scope)).body).decode()
    page = bytes(pages.graphiql(Request(scope), "No <script> here.").body).decode()
    assert ">No &lt;script&gt; here.</p>" in page


def test_the_front_page_names_the_sources_as_text(client: TestClient) -> None:
    text = client.get("/").text
    assert "<li>Springfield Public Schools</li>" in text
    assert "<li>&lt;script&gt;alert(1)&lt;/script&gt;</li>" in text
    assert 'href="graphql"' in text
    assert 'href="readyz"' in text


def test_the_front_page_is_json_for_programs(client: TestClient) -> None:
    answer = client.get("/", headers={"accept": "*/*"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"] == "Accept"
    assert answer.json()["sources"] == SOURCES
    assert (answer.json()["graphql"], answer.json()["ready"]) == ("graphql", "readyz")


def test_an_asset_under_its_own_version_is_kept_for_a_year(client: TestClient) -> None:
    asset = assets.all_assets()["start.js"]
    answer = client.get(f"/{asset.url}")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.content == asset.content


@pytest.mark.parametrize("query", ["", "?v=0123456789abcdef"])
def test_an_asset_under_no_or_another_version_is_asked_for_again(client: TestClient, query: str) -> None:
    answer = client.get(f"/assets/start.js{query}")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["etag"] == assets.all_assets()["start.js"].etag


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}'])
def test_a_browser_that_has_an_asset_gets_304(client: TestClient, form: str) -> None:
    etag = client.get("/assets/start.js").headers["etag"]
    answer = client.get("/assets/start.js", headers={"if-none-match": form.format(etag)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fpages.py", "%2Fetc%2Fpasswd", "../pages.py"])
def test_only_assets_are_served(client: TestClient, name: str) -> None:
    assert client.get(f"/assets/{name}").status_code == 404


def test_the_assets_take_at_most_4_megabytes() -> None:
    assert sum(len(asset.content) for asset in assets.all_assets().values()) <= 4_000_000


def test_vendored_files_are_those_that_the_script_wrote() -> None:
    for entry in json.loads((vendor.ASSETS / "VERSIONS.json").read_text())["vendored"]:
        assert entry["licence"] == "MIT"
        for name, digest in entry["sha256"].items():
            assert hashlib.sha256((vendor.ASSETS / name).read_bytes()).hexdigest() == digest


def test_every_library_in_the_bundle_has_its_licence_beside_it() -> None:
    versions = json.loads((vendor.ASSETS / "VERSIONS.json").read_text())
    licences = (vendor.ASSETS / "LICENSES.txt").read_text()
    for entry in [*versions["vendored"], *versions["bundled"]]:
        assert f"\n{entry['package']} ({entry['licence']})\n" in licences


@pytest.mark.parametrize("asset", assets.all_assets().values(), ids=lambda asset: asset.name)
def test_an_asset_names_no_source_map(asset: assets.Asset) -> None:
    assert b"sourceMappingURL" not in asset.content
    assert not asset.name.endswith(".map")


def test_the_style_sheets_load_nothing() -> None:
    sheets = [asset.content for name, asset in assets.all_assets().items() if name.endswith(".css")]
    assert len(sheets) == 2
    for sheet in sheets:
        assert not re.search(rb"@import|url\(\s*[\"']?(?!data:|[\"'])[^)]", sheet)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_an_example_is_one_named_query_that_says_what_it_is_for(example: cookbook.Recipe) -> None:
    (operation,) = graphql.parse(example.query).definitions
    assert isinstance(operation, graphql.OperationDefinitionNode)
    assert operation.name is not None
    assert len(example.title) <= 60
    assert example.about.endswith(".")
    declared = {definition.variable.name.value for definition in operation.variable_definitions or ()}
    assert set(json.loads(example.variables or "{}")) == declared


def test_a_recipe_without_a_query_is_refused() -> None:
    with pytest.raises(ValueError, match="Half done: a recipe is a paragraph"):
        cookbook.parse("# Cookbook\n\n## Rosters\n\n### Half done\n\nWhat for.\n")


def test_the_wheel_has_the_page_where_it_is_looked_for() -> None:
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert packed["targets"]["wheel"]["force-include"] == {"docs/cookbook.md": str(cookbook.PACKED.relative_to(ROOT))}
    assert "docs/cookbook.md" in packed["targets"]["sdist"]["include"]
