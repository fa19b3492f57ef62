"""Every property that OneRoster 1.1 and 1.2 describe has a place in our records, and what a source says there arrives.

The table is `tests/openapi/properties.json`, drawn from the OpenAPI files of all services by `extract.py` beside it.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from adapters.dialect import Dialect, Version
from adapters.endpoints import ENTITIES, Entity
from adapters.normalise import Normaliser
from adapters.normalise.vocabulary import fold
from adapters.records import Record

TABLE: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "openapi" / "properties.json").read_text("utf-8"))

ELSEWHERE: dict[tuple[str, str], str] = {
    ("User", "role"): "roles.role",  # 1.1: one role, and the orgs in which it is held
    ("User", "orgs"): "roles.org_id",
    ("Resource", "role"): "roles",
    ("ScoreScaleValue", "itemValueLHS"): "item_value_lhs",
    ("ScoreScaleValue", "itemValueRHS"): "item_value_rhs",
}
"""Where a property is that is not called as in OneRoster, in snake_case; references end in `_id` or `_ids`."""

PARTS = {
    "Role": ("User", "roles"),
    "UserId": ("User", "user_ids"),
    "UserProfile": ("User", "user_profiles"),
    "LearningObjectiveSet": ("LineItem", "learning_objective_set"),
    "LearningObjectiveScoreSet": ("Result", "learning_objective_set"),
    "LearningObjectiveResults": ("Result", "learning_objective_set.learning_objective_results"),
    "ScoreScaleValue": ("ScoreScale", "score_scale_value"),
}
"""Which record holds a part, and where."""

NOT_HELD = {
    ("User", "password"): "a secret",
    ("UserProfile", "credentials"): "secrets",
    ("Credential", "type"): "of a secret",
    ("Credential", "username"): "of a secret",
    ("Credential", "password"): "a secret",
}
"""What must not be held, and why."""

HELD = [row for row in TABLE if (row["entity"], row["property"]) not in NOT_HELD]
RECORDS: dict[str, Entity] = {e.record.__name__: e for e in ENTITIES.values()}
RECORDS["Demographic"] = RECORDS["Demographics"]  # 1.1


def named(row: dict[str, Any]) -> str:
    return f"{row['version']}-{row['entity']}.{row['property']}"


def snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def place(row: dict[str, Any]) -> str:
    """The path of a property in its record, or in its part."""
    name = snake(row["property"])
    if (row["entity"], row["property"]) in ELSEWHERE:
        return ELSEWHERE[row["entity"], row["property"]]
    if "GUIDRef" not in row["type"]:
        return name
    plural = name if name == "children" else name.removesuffix("s")
    return f"{plural}_ids" if row["type"].startswith("[") else f"{name}_id"


def sample(row: dict[str, Any], word: str | None = None) -> Any:
    """What a source sends: a value that tells its property, or `word` of its vocabulary."""
    kind = row["type"].strip("[]")
    if "GUIDRef" in kind:
        made: Any = {"href": "https://sis.example/x", "sourcedId": f"{row['property']}-id", "type": "org"}
    elif any(r["entity"] == kind for r in TABLE):
        made = whole(row["version"], kind)
    elif "values" in row:
        made = word or row["values"][0]
    else:
        made = {
            "date": "2031-02-03",
            "date-time": "2031-02-03T04:05:06.000Z",
            "float": 1.5,
            "boolean": True,
            "Metadata": {"locker": 7},
            "object": {"locker": 7},
        }.get(kind, f"{row['property']} text")
    return [made] if row["type"].startswith("[") else made


def whole(version: str, entity: str) -> dict[str, Any]:
    """An object with every property of its entity."""
    return {r["property"]: sample(r) for r in TABLE if (r["version"], r["entity"]) == (version, entity)}


@cache
def whole_record(version: str, name: str) -> Record:
    return read(version, name, whole(version, name))


def read(version: str, name: str, sent: dict[str, Any]) -> Record:
    entity = RECORDS[name]
    dialect = Dialect(name="plain", version=Version(version), title="Plain", docs="", base_path="")
    page = Normaliser("northfield", dialect).page(entity, json.dumps({entity.plural: [sent]}).encode())
    [record] = page.records
    return record


def held(record: Any, path: str) -> Iterator[Any]:
    """The values at a path, of each part."""
    first, _, rest = path.partition(".")
    value = getattr(record, first)
    for one in value if isinstance(value, tuple) else (value,):
        yield from held(one, rest) if rest else (one,)


def expected(row: dict[str, Any]) -> Any:
    """What a record holds of the sample."""
    sent = sample(row)
    [sent] = sent if isinstance(sent, list) else [sent]
    if "GUIDRef" in row["type"]:
        return sent["sourcedId"]
    if row["type"] in ("Metadata", "object"):
        return json.dumps(sent).encode()
    return sent == "true" if set(row.get("values", ())) == {"true", "false"} else sent


def test_the_table_is_whole() -> None:
    assert len(TABLE) == 353
    assert len(TABLE) - len(HELD) == 6
    versions = {(row["version"], row["service"]) for row in TABLE}
    assert versions == {("1.1", "all"), ("1.2", "rostering"), ("1.2", "gradebook"), ("1.2", "resources")}
    assert {row["entity"] for row in TABLE} == {*RECORDS, *PARTS, "Credential"}


@pytest.mark.parametrize("row", HELD, ids=named)
def test_what_a_source_says_in_a_property_arrives(row: dict[str, Any]) -> None:
    name, within = PARTS.get(row["entity"], (row["entity"], ""))
    found = list(held(whole_record(row["version"], name), f"{within}.{place(row)}".lstrip(".")))
    if row["type"].strip("[]") in PARTS:
        assert found
        return
    [value] = found
    if "values" in row and not isinstance(value, bool):
        assert fold(value) == fold(expected(row))
    else:
        assert value == expected(row)


@pytest.mark.parametrize("row", [row for row in HELD if "values" in row and row["entity"] in RECORDS], ids=named)
def test_every_word_of_a_vocabulary_arrives(row: dict[str, Any]) -> None:
    for word in row["values"]:
        record = read(row["version"], row["entity"], {"sourcedId": "a", row["property"]: sample(row, word)})
        [value] = held(record, place(row))
        assert value is (word == "true") if isinstance(value, bool) else fold(value) == fold(word)


@pytest.mark.parametrize("version", list(Version))
def test_no_secret_arrives(version: Version) -> None:
    record = repr(whole_record(version, "User"))
    assert "password text" not in record
    assert "username text" in record, "the person's own, not that of a credential"
    assert record.count("username text") == 1
