"""docs/settings.md says every setting there is, and none that is not, as the code reads them."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.config import from_tables, load
from gateway.config.keys import ACCESS, AUDIT, GATEWAY, HTTP, INCLUDE, LIMITS, PROVIDER, SOURCE, Key, Section

TEXT = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")


def _sections(section: Section, heading: str) -> Iterator[tuple[str, Section]]:
    if section.keys:
        yield heading, section
    for inner in section.tables.values():
        yield from _sections(inner, f"{heading.strip('[]`')}.{inner.name}")


SECTIONS: dict[str, dict[str, Key[Any]]] = {
    "Top of the file": {INCLUDE.name: INCLUDE},
    **{
        heading if heading.startswith("`") else f"`[{heading}]`": dict(section.keys)
        for root, title in (
            (GATEWAY, "`[gateway]`"),
            (ACCESS, "`[access]`"),
            (AUDIT, "`[audit]`"),
            (HTTP, "`[http]`"),
            (LIMITS, "`[limits]`"),
            (SOURCE, "`[[sources]]`"),
        )
        for heading, section in _sections(root, title)
    },
}


def _documented() -> dict[str, dict[str, list[str]]]:
    """The cells of each setting's row, by heading and name."""
    found: dict[str, dict[str, list[str]]] = {}
    heading = ""
    for line in TEXT.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("| `"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if len(cells) == 5:
                found.setdefault(heading, {})[cells[0].strip("`")] = cells
    return found


DOCUMENTED = _documented()

ROWS = [
    pytest.param(key, DOCUMENTED.get(heading, {}).get(name), id=f"{heading} {name}")
    for heading, keys in SECTIONS.items()
    for name, key in keys.items()
]


def _read(key: Key[Any], cell: str) -> Any:
    return key.kind.read(tomllib.loads(f"value = {cell.strip('`')}")["value"])


def test_the_documented_settings_are_those_there_are() -> None:
    assert {heading: set(rows) for heading, rows in DOCUMENTED.items()} == {
        heading: set(keys) for heading, keys in SECTIONS.items()
    }


@pytest.mark.parametrize(("key", "row"), ROWS)
def test_a_setting_is_documented_as_it_is_read(key: Key[Any], row: list[str] | None) -> None:
    assert row is not None, "docs/settings.md does not say it"
    _, kind, default, meaning, example = row
    assert kind == key.kind.label
    assert meaning
    if default == "required":
        assert key.required
    elif default == "—":
        assert key.default is None
    else:
        assert _read(key, default) == key.default
    _read(key, example)


@pytest.mark.parametrize(("key", "row"), [each for each in ROWS if each.values[0].kind.label == "choice"])
def test_the_choices_of_a_setting_are_documented(key: Key[Any], row: list[str]) -> None:
    assert set(re.findall(r'"[^"]+"', row[3])) == set(re.findall(r'"[^"]+"', key.kind.allowed))


def test_providers_may_set_all_of_a_source_but_what_names_it() -> None:
    assert set(SOURCE.names) - set(PROVIDER.names) == {"key", "former_keys", "name", "provider"}


def test_the_documented_file_is_right(tmp_path: Path) -> None:
    first = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)[0]
    path = tmp_path / "gateway.toml"
    path.write_text(first, encoding="utf-8")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "springfield").write_text("made-up")

    settings = load(path, {"GATEWAY_SECRET": "made-up", "SPRINGFIELD_ID": "made-up"})

    assert settings.mistakes == ()
    assert [source.key for source in settings.sources] == ["springfield"]


def test_the_documented_defaults_of_a_provider_are_right() -> None:
    second = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)[1]

    assert from_tables(tomllib.loads(second)).mistakes == ()


def test_the_documented_program_works() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)

    assert [source.key for source in names["settings"].sources] == ["make-believe"]
