"""The providers as an engineer meets them: short files, found by name, each with its section in the documentation."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from adapters import providers, registry
from adapters.addresses import base_url, token_url
from adapters.dialect import Dialect
from conformance.facts import FACTS
from gateway.config.reading import from_tables
from gateway.config.settings import SourceSettings

ROOT = Path(__file__).parents[2]
FILES = sorted(path for path in Path(providers.__path__[0]).glob("*.py") if path.name != "__init__.py")
DOCS = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
SECTIONS = re.split(r"^## ", DOCS, flags=re.MULTILINE)[1:]


def test_the_registry_knows_every_provider_in_its_versions() -> None:
    both = ("1.1", "1.2")
    assert dict(registry.providers()) == {
        "aeries": ("1.1",),
        "alpha": ("1.2",),
        "classlink": ("1.1",),
        "classlink-proxy": ("1.1",),
        "ed-fi": ("1.2",),
        "infinite-campus": both,
        "powerschool": ("1.1",),
        "skyward": ("1.1",),
        "standard": both,
        "synergy": both,
        "timeback": ("1.2",),
        "xporter": ("1.1",),
        "xporter-generic": ("1.1",),
    }
    assert {d.name for d in registry.dialects()} == set(FACTS)


def test_a_dialect_is_had_by_name_and_version() -> None:
    dialect = registry.get("infinite-campus", "1.2")
    assert (dialect.name, dialect.version) == ("infinite-campus", "1.2")


def test_an_unknown_provider_is_told_those_that_are_known_and_the_closest() -> None:
    with pytest.raises(registry.UnknownProvider, match="did you mean 'infinite-campus'") as unknown:
        registry.get("Infinite_Campus", "1.2")
    assert unknown.value.known == tuple(registry.providers())
    assert all(name in str(unknown.value) for name in registry.providers())


def test_an_unknown_version_is_told_those_of_its_provider() -> None:
    with pytest.raises(registry.UnknownProvider, match=r"alpha has no version '1.1'; known: 1.2") as unknown:
        registry.get("alpha", "1.1")
    assert unknown.value.known == ("1.2",)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_provider_is_a_short_file_that_imports_data_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert 15 <= len(text.splitlines()) <= 80
    imported = {node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    imported |= {n.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for n in node.names}
    assert imported <= {"__future__", "dataclasses", "types", "typing", "adapters.dialect", "adapters.records"}


@pytest.mark.parametrize("dialect", registry.dialects(), ids=lambda d: f"{d.name}-{d.version}")
def test_a_provider_has_a_section_in_the_documentation(dialect: Dialect) -> None:
    heading = f"{dialect.name} {dialect.version}"
    section = next((s for s in SECTIONS if s.splitlines()[0] == heading), None)
    assert section is not None, f"docs/providers.md has no heading '## {heading}'"
    assert f'version = "{dialect.version}"' in section
    assert f"| `{dialect.name}` |" in DOCS


@pytest.mark.parametrize("dialect", registry.dialects(), ids=lambda d: f"{d.name}-{d.version}")
def test_a_provider_names_its_product_and_where_it_is_described(dialect: Dialect) -> None:
    assert dialect.title
    assert dialect.docs.startswith("https://")
    module = next(p for p in FILES if f'name="{dialect.name}"' in p.read_text(encoding="utf-8"))
    assert dialect.docs.removeprefix("https://").split("/")[0] in (
        ast.get_docstring(ast.parse(module.read_text())) or ""
    )


@pytest.mark.parametrize("section", [s for s in SECTIONS if "[[sources]]" in s], ids=lambda s: s.splitlines()[0])
def test_the_settings_that_a_section_shows_are_accepted(section: str) -> None:
    table = tomllib.loads(section.partition("```toml")[2].partition("```")[0])
    environ = dict.fromkeys(re.findall(r"env:(\w+)", section), "made-up")
    [source] = from_tables(table, environ=environ).sources
    assert isinstance(source, SourceSettings), source
    assert f"{source.spec.dialect.name} {source.spec.dialect.version}" == section.splitlines()[0]
    assert base_url(source.spec.dialect, source.spec.base_url).endswith(source.spec.dialect.base_path)


@pytest.mark.parametrize(
    ("slug", "version", "base", "expected"),
    [
        (
            "xporter",
            "1.1",
            "https://xporter.groupcall.com/api/ims/oneroster/v1p1/school",
            "https://xporter.groupcall.com/api/ims/oneroster/v1p1/school/auth/token",
        ),
        (
            "xporter-generic",
            "1.1",
            "https://xporter.groupcall.com/api",
            "https://xporter.groupcall.com/api/ims/oneroster/v1p1/token",
        ),
        (
            "alpha",
            "1.2",
            "https://api.alpha-1edtech.ai/rostering/1.0/",
            "https://api.alpha-1edtech.ai/auth/1.0/token",
        ),
        (
            "aeries",
            "1.1",
            "https://pinevalley.aeries.example/aeries",
            "https://pinevalley.aeries.example/aeries/token",
        ),
    ],
)
def test_a_token_url_is_derived_as_the_provider_documents_it(slug: str, version: str, base: str, expected: str) -> None:
    dialect = registry.get(slug, version)
    assert token_url(dialect, None, base_url(dialect, base)) == expected
