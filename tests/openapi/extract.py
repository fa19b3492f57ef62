"""Draws the table of properties from OpenAPI files: `python tests/openapi/extract.py FOLDER > properties.json`.

Names, types and words alone are taken, no text. The folder holds 1EdTech's files of 1.2's three services, and one for
all of 1.1, which is edited by others: in it a resource has one `role` and a class's `periods` are a text.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILES = {
    "oneroster-v1p1-all-derived.openapi3.json": ("1.1", "all"),
    "oneroster-v1p2-rostering.openapi3.json": ("1.2", "rostering"),
    "oneroster-v1p2-gradebook.openapi3.json": ("1.2", "gradebook"),
    "oneroster-v1p2-resources.openapi3.json": ("1.2", "resources"),
}
# Failures, answers to writes, references, and what is part of every entity. Envelopes have one property.
LEFT_OUT = re.compile(r"^(imsx_|GUIDPair|Base\b)|GUIDRef|_allOf$")


def rows(document: dict[str, Any], version: str, service: str) -> Iterator[dict[str, Any]]:
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        properties = _properties(schema, schemas)
        if LEFT_OUT.search(name) or len(properties) < 2:
            continue
        for prop, said in properties.items():
            entity = {"version": version, "service": service, "entity": _plain(name)}
            yield {**entity, "property": prop, **_type(said, schemas)}


def _plain(name: str) -> str:
    return re.sub(r"(DType|\.Type)$", "", name)


def _properties(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in schema.get("allOf", ()):
        found |= _properties(_followed(part, schemas), schemas)
    return found | schema.get("properties", {})


def _followed(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    ref = schema.get("$ref")
    followed: dict[str, Any] = schemas[ref.rpartition("/")[2]] if ref else schema
    return followed


def _type(said: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    if said.get("type") == "array":
        inner = _type(said["items"], schemas)
        return {**inner, "type": f"[{inner['type']}]"}
    if "$ref" in said:
        name = _plain(said["$ref"].rpartition("/")[2])
        target = _followed(said, schemas)
        return {"type": name} if target.get("type") == "object" or "allOf" in target else _type(target, schemas)
    words = [w for part in (said, *said.get("anyOf", ()), *said.get("oneOf", ())) for w in part.get("enum", ())]
    kind = said.get("format") or said.get("type") or "string"
    return {"type": kind, **({"values": words} if words else {})}


def main(folder: Path) -> None:
    table = [
        row
        for file, (version, service) in FILES.items()
        for row in rows(json.loads((folder / file).read_text("utf-8")), version, service)
    ]
    print("[\n" + ",\n".join(json.dumps(row) for row in table) + "\n]")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
