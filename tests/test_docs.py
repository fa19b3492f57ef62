"""What the documentation says is there, and nothing that is there goes unsaid: codes, providers, modules, samples."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse, validate
from typer.main import get_command

from adapters import registry
from adapters.dialect import Dialect
from gateway import cli
from gateway.config import from_tables, load
from gateway.faults import RETRYABLE, ErrorCode, state_of

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
SCHEMA = build_schema((ROOT / "schema.graphql").read_text("utf-8"))

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
REFERENCE = re.compile(r"(env|file):([^\"']+)")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(language: str) -> list[Any]:
    """Every fenced block of a language, one parameter each."""
    return [
        pytest.param(text, id=f"{named(page)}-{number}")
        for page in PAGES
        for number, (found, text) in enumerate(FENCE.findall(page.read_text("utf-8")), 1)
        if found == language
    ]


def headings(page: Path) -> list[str]:
    prose = FENCE.sub("", page.read_text("utf-8"))
    return re.findall(r"^#+ (.+)$", prose, re.MULTILINE)


def anchor(heading: str) -> str:
    """As GitHub makes it: letters, digits, `-` and `_`, blanks as `-`."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


# ---------------------------------------------------------------- links


def links() -> Iterator[Any]:
    for page in PAGES:
        for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
            if not target.startswith(("https://", "http://")):
                yield pytest.param(page, target, id=f"{named(page)}-{target}")


@pytest.mark.parametrize(("page", "target"), list(links()))
def test_a_link_leads_somewhere(page: Path, target: str) -> None:
    path, _, fragment = target.partition("#")
    there = (page.parent / path).resolve() if path else page
    assert there.exists()
    assert there.is_relative_to(ROOT)
    if fragment:
        assert fragment in map(anchor, headings(there))


# ---------------------------------------------------------------- codes and providers


def error_sections() -> dict[str, str]:
    """The text of each code's section of errors.md."""
    parts = re.split(r"^#+ (.+)$", (DOCS / "errors.md").read_text("utf-8"), flags=re.MULTILINE)
    return {h: text for h, text in zip(parts[1::2], parts[2::2], strict=True) if re.fullmatch(r"[A-Z_]+", h)}


def test_every_error_code_is_explained_and_none_that_is_gone() -> None:
    assert set(error_sections()) == {code.value for code in ErrorCode}


@pytest.mark.parametrize("code", list(ErrorCode))
def test_an_error_code_is_explained_to_client_and_operator(code: ErrorCode) -> None:
    text = error_sections()[code]
    for who in ("What happened", "Client", "Operator"):
        assert f"- **{who}:**" in text


def test_the_table_of_what_a_client_does_has_each_code_once() -> None:
    _, _, table = (DOCS / "errors.md").read_text("utf-8").partition("## What a client does, at a glance")
    rows = [re.findall(r"`([A-Z_]+)`", row) for row in table.split("\n## ")[0].splitlines() if row.startswith("| ")]
    [again, *others] = [row for row in rows if row]
    assert set(again) == set(RETRYABLE)
    assert sorted(code for row in (again, *others) for code in row) == sorted(code.value for code in ErrorCode)


@pytest.mark.parametrize("code", list(ErrorCode))
def test_what_is_said_of_retrying_and_state_is_so(code: ErrorCode) -> None:
    said = re.search(r"- \*\*Retryable:\*\* (yes|no)\b.*?\*\*State:\*\* (?:`(\w+)`|none)", error_sections()[code])
    if said is None:  # the client's doing: said once for all of them
        assert code not in RETRYABLE
        assert "None of these is retryable" in (DOCS / "errors.md").read_text("utf-8")
        return
    assert (said[1] == "yes") == (code in RETRYABLE)
    if said[2] is not None and code is not ErrorCode.INCOMPLETE:  # that one leaves a list partial, not failed
        assert said[2] == state_of(code)


def test_every_dialect_has_a_section_and_none_that_is_gone() -> None:
    dialects = {f"{d.name} {d.version}" for d in registry.dialects()}
    versioned = {h for h in headings(DOCS / "providers.md") if re.search(r" \d\.\d$", h)}
    assert versioned == dialects


def test_the_readme_shows_settings_for_every_provider() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in registry.providers() if f'"{name}"' not in text] == []


# ---------------------------------------------------------------- modules and commands


def modules() -> set[str]:
    """Modules and packages that a newcomer meets: those directly in the two packages, and reading's own."""
    folders = [ROOT / "adapters", ROOT / "gateway", ROOT / "gateway" / "roster"]
    files = {p.name for folder in folders for p in folder.glob("*.py") if not p.name.startswith("__")}
    packages = {f"{p.parent.name}/" for folder in folders for p in folder.glob("*/__init__.py")}
    return files | packages


def test_the_architecture_names_every_module_and_none_that_is_gone() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", (DOCS / "architecture.md").read_text("utf-8"), re.MULTILINE)
    said = {name for row in rows for name in re.findall(r"`([\w]+(?:\.py|/))`", row)}
    assert said == modules()


def test_commands_that_are_named_exist() -> None:
    commands = set(get_command(cli.app).commands)  # type: ignore[attr-defined]
    said = {name for page in PAGES for name in re.findall(r"oneroster-gateway ([a-z]+)", page.read_text("utf-8"))}
    assert said
    assert said <= commands


# ---------------------------------------------------------------- samples


@pytest.mark.parametrize("text", blocks("toml"))
def test_a_sample_of_settings_loads_without_mistakes(text: str, tmp_path: Path) -> None:
    tables = tomllib.loads(text)
    sources = tables.get("sources", [])
    if isinstance(sources, dict):  # part of a source: tried in one that needs nothing else
        whole = {"key": "k", "provider": "classlink", "base_url": "https://k.example", "client_id": "i"}
        assert from_tables({"sources": [{**whole, "client_secret": "s", **sources}]}).mistakes == ()
        return
    environment = {}
    for kind, place in REFERENCE.findall(text):
        if kind == "env":
            environment[place] = "made-up"
        for source in sources if kind == "file" else ():
            path = tmp_path / place.replace("{key}", source["key"])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("made-up", encoding="utf-8")
    path = tmp_path / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    settings = load(path, environment)
    assert settings.mistakes == ()
    assert len(settings.sources) == len(sources)


@pytest.mark.parametrize("text", blocks("graphql"))
def test_a_sample_query_fits_the_schema(text: str) -> None:
    assert validate(SCHEMA, parse(text)) == []


@pytest.mark.parametrize("text", blocks("json"))
def test_a_sample_answer_is_json(text: str) -> None:
    assert json.loads(text)


def test_the_sample_dialect_is_one() -> None:
    [text] = [text for language, text in FENCE.findall((DOCS / "adding-a-provider.md").read_text("utf-8")) if language]
    names: dict[str, Any] = {}
    exec(text, names)
    [dialect] = [value for value in names.values() if isinstance(value, Dialect)]
    assert dialect.fixups["users"]({"grades": "09|10"}) == {"grades": ["09", "10"]}


# ---------------------------------------------------------------- decisions


def test_decisions_are_numbered_and_short() -> None:
    records = sorted((DOCS / "decisions").glob("*.md"))
    assert [p.name[:4] for p in records] == [f"{n:04d}" for n in range(1, len(records) + 1)]
    for page in records:
        text = page.read_text("utf-8")
        assert len(text.splitlines()) <= 40
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequences"))
