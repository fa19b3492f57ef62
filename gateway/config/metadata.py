"""`[sources.metadata]`: names that a source's settings give to keys of its metadata."""

from __future__ import annotations

import re
from typing import Any

from gateway.access.field_class import FieldClass
from gateway.config.settings import MetadataName
from gateway.config.values import TEXT, Kind, Wrong, choice, table_of, type_of

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_CLASS = choice(FieldClass)
_ALLOWED = f'{{ key = "…", class = "…" }}, class being one of {_CLASS.allowed}'


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Wrong("a name is a letter, then letters and digits")
    return value


def _declared(value: Any) -> MetadataName:
    if not isinstance(value, dict):
        raise Wrong(f"this is {type_of(value)}, not a table", _ALLOWED)
    if value.keys() != {"key", "class"}:
        raise Wrong("it holds `key` and `class`, both and nothing else", _ALLOWED)
    return MetadataName(key=TEXT.read(value["key"]), field_class=_CLASS.read(value["class"]))


METADATA = table_of(Kind("name", "letters and digits", _name), Kind("declaration", _ALLOWED, _declared))
