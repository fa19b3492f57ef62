"""Holds the house's arrows: who may import whom, and where names and spellings may stand."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from adapters import registry

ROOT = Path(__file__).parent.parent
FILES = sorted(p for package in ("adapters", "gateway") for p in (ROOT / package).rglob("*.py"))

FLOORS = (
    {"gateway.cli", "gateway.__main__"},
    {"gateway.serve", "gateway.demo", "gateway.check"},
    {"gateway.app"},
    {"gateway.endpoint"},
    {"gateway.telemetry", "gateway.vetting"},
    {"gateway.execution"},
    {"gateway.schema"},
    {"gateway.roster"},
    {"gateway.config", "gateway.faults"},
)
"""The gateway from top to bottom: a floor imports those below it, never one above."""

GROUND = {
    "gateway.access",
    "gateway.audit",
    "gateway.beside",
    "gateway.connection",
    "gateway.documents",
    "gateway.limits",
    "gateway.identity",
    "gateway.remote",
    "gateway.web",
    "gateway.sandbox",
}
"""Modules that import nothing else of the gateway."""

FACES = {f"gateway.roster.{m}" for m in ("reading", "listing", "deriving")}
"""What the schema sees of reading."""

STARLETTE = {"gateway.app", "gateway.web", "gateway.sandbox"}
HTTP_CLIENTS = {
    f"adapters.{m}" for m in ("client", "fetching", "exchange", "reaching", "wire", "transport", "auth", "tokens")
}


WALL_CLOCK = {"adapters.moments", "gateway.roster.tables", "gateway.roster.source", "gateway.roster.health"}
"""Where the wall clock is asked: for dates, and for what is shown. `adapters.moments` tells how old something is."""


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    """Modules that a file imports, under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside(name: str, packages: set[str]) -> bool:
    return any(name == p or name.startswith(p + ".") for p in packages)


MODULES = {module(p): p for p in FILES}
IMPORTS = {name: set(imports(path)) for name, path in MODULES.items()}


@pytest.mark.parametrize("name", [m for m in MODULES if m.startswith("adapters")])
def test_adapters_know_nothing_of_the_gateway(name: str) -> None:
    assert not [i for i in IMPORTS[name] if inside(i, {"gateway", "strawberry", "graphql", "starlette"})]


@pytest.mark.parametrize("name", [m for m in MODULES if m.startswith("adapters.providers.")])
def test_a_provider_imports_data_only(name: str) -> None:
    ours = {i for i in IMPORTS[name] if inside(i, {"adapters", "gateway", "httpx2"})}
    assert all(inside(i, {"adapters.dialect", "adapters.records"}) for i in ours), ours


@pytest.mark.parametrize("name", list(MODULES))
def test_only_those_that_send_import_the_http_client(name: str) -> None:
    if any(inside(i, {"httpx2", "httpcore2"}) for i in IMPORTS[name]):
        assert inside(name, HTTP_CLIENTS)


@pytest.mark.parametrize("name", [m for m in MODULES if m.startswith("gateway")])
def test_starlette_stays_at_the_edge(name: str) -> None:
    if any(inside(i, {"starlette", "strawberry.asgi"}) for i in IMPORTS[name]):
        assert inside(name, STARLETTE)


@pytest.mark.parametrize("name", [m for m in MODULES if inside(m, {"gateway.schema"})])
def test_the_schema_sees_only_the_faces_of_reading(name: str) -> None:
    assert not [i for i in IMPORTS[name] if inside(i, {"asyncio", "adapters.client", "adapters.providers"})]
    assert all(inside(i, FACES) for i in IMPORTS[name] if i.startswith("gateway.roster."))


@pytest.mark.parametrize("name", [m for m in MODULES if m.startswith("gateway.")])
def test_nothing_imports_upwards(name: str) -> None:
    ours = {i for i in IMPORTS[name] if inside(i, {"gateway"})}
    if inside(name, GROUND):
        own = {p for p in GROUND if inside(name, {p})}
        assert all(inside(i, own) or i == "gateway" for i in ours), ours
        return
    floor = next(i for i, modules in enumerate(FLOORS) if inside(name, modules))
    above = set().union(*FLOORS[:floor])
    assert not [i for i in ours if inside(i, above)]


def test_no_two_files_import_each_other() -> None:
    graph = {name: {i for i in found if i in MODULES and i != name} for name, found in IMPORTS.items()}
    for name, found in graph.items():  # `from package import module` names the package as well
        graph[name] = {i for i in found if not (name.startswith(i + ".") or any(o.startswith(i + ".") for o in found))}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' → '.join(error.args[1])}")


@pytest.mark.parametrize("name", [m for m in MODULES if inside(m, {"gateway.sandbox"})])
def test_the_sandbox_shares_nothing_with_the_dialects(name: str) -> None:
    assert not [i for i in IMPORTS[name] if inside(i, {"adapters"})]


NAMES = sorted({n for d in registry.dialects() for n in (d.name, d.title)} - {"standard", "alpha"}, key=len)
PROVIDER = re.compile("|".join(re.escape(n) for n in NAMES if not n.startswith("OneRoster")), re.IGNORECASE)
HOMES = {"adapters.providers", "gateway.sandbox"}


@pytest.mark.parametrize("name", [m for m in MODULES if not inside(m, HOMES)])
def test_shared_code_names_no_provider(name: str) -> None:
    found = PROVIDER.search(MODULES[name].read_text("utf-8"))
    assert found is None, found


WIRE = re.compile(
    r"sourced[Ii]d|sourceID|dateLastModified|givenName|familyName|enabledUser|userMasterIdentifier|orgSourcedIds"
    r"|agentSourcedIds|academicSessions?|schoolYear|classType|tobedeleted|gradingPeriods?|imsx_\w+"
)
WIRE_HOMES = {"adapters.normalise", "adapters.endpoints", "adapters.providers", "gateway.sandbox", "gateway.schema"}


@pytest.mark.parametrize("name", [m for m in MODULES if not inside(m, WIRE_HOMES)])
def test_wire_words_stand_only_where_they_belong(name: str) -> None:
    found = [
        node.value
        for node in ast.walk(ast.parse(MODULES[name].read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and WIRE.fullmatch(node.value)
    ]
    assert not found


def test_ages_are_not_told_by_the_wall_clock() -> None:
    places = {name: path for name, path in MODULES.items() if inside(name, {"adapters", "gateway.roster"})}
    asked = {name for name, path in places.items() if "time.time()" in path.read_text("utf-8")}
    assert asked == WALL_CLOCK
