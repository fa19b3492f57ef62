"""Bodies → the undecoded records in them. Knows wrapper keys, totals and what is no answer; not what a record holds.

Accepted for a page: the base entity's plural (`users`), the path's word (`students`, `terms`), the singular, each
with a list, one object or null (no records), in any case; and a bare list. For one record also the bare object.
An object without any of these keys, `{}` and `null` among them, is no answer. Status information next to data is
ignored unless it says failure.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import msgspec
from msgspec import Raw

from adapters.endpoints import ENDPOINTS, Collection, Entity
from adapters.errors import Malformed, Truncated
from adapters.normalise import failures

_BOM = b"\xef\xbb\xbf"
_SPLIT = msgspec.json.Decoder(dict[str, Raw] | list[Raw])
_LIST = msgspec.json.Decoder(list[Raw])
_TOTAL = msgspec.json.Decoder(int, strict=False)
_STRAY = (b"\\ud", b"\\uD", b"NaN", b"Infinity")

UNREADABLE = b'"unreadable"'
"""Stands where a record was that no UTF-8 JSON can hold."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The records of a body, each as JSON text. total: the size of the whole collection, where the body says it."""

    items: list[Raw]
    total: int | None


def _words(collection: Collection) -> tuple[str, ...]:
    """The wrapper keys under which a collection's records come, the standard's own first, in lower case."""
    words: dict[str, None] = {}
    for endpoint in ENDPOINTS.values():
        if endpoint.entity.collection is collection and not endpoint.nested:
            words |= dict.fromkeys((endpoint.entity.plural, endpoint.entity.singular, endpoint.name))
    return tuple(word.lower() for word in words)


_WORDS = {c: _words(c) for c in Collection}


def page(entity: Entity, source: str, body: bytes) -> Contents:
    """The records of a collection's page.

    Raises:
        Malformed, Truncated: what came is no such page.
    """
    what = entity.plural
    top = _split(what, source, body)
    if isinstance(top, list):
        return Contents(top, None)
    _refuse_failure(what, source, top)
    for word in _WORDS[entity.collection]:
        if word in top:
            return Contents(_items(what, source, top[word]), total(top.get("totalcount") or top.get("total")))
    raise Malformed(source, f"{what}: the answer has no {what!r}")


def one(entity: Entity, source: str, body: bytes) -> Raw:
    """The one record of a single read.

    Raises:
        Malformed, Truncated: what came is not one record.
    """
    what = entity.singular
    top = _split(what, source, body)
    if isinstance(top, list):
        items = top
    elif "sourcedid" in top or "sourceid" in top:
        items = [Raw(without_bom(body))]
    else:
        _refuse_failure(what, source, top)
        word = next((w for w in _WORDS[entity.collection] if w in top), None)
        if word is None:
            raise Malformed(source, f"{what}: the answer has no {what!r}")
        items = _items(what, source, top[word])
    if len(items) != 1:
        raise Malformed(source, f"{what}: one record was asked for, {len(items)} came")
    return items[0]


def without_bom(body: bytes) -> bytes:
    return body.removeprefix(_BOM)


def total(value: Raw | None) -> int | None:
    """A total as the body says it: a number, or one written as text."""
    if not value:
        return None
    try:
        found = _TOTAL.decode(value)
    except msgspec.DecodeError:
        return None
    return found if found >= 0 else None


def _split(what: str, source: str, body: bytes) -> dict[str, Raw] | list[Raw]:
    """The body's members by lower-case name, or its elements."""
    body = without_bom(body)
    if not body.strip():
        raise Truncated(source, f"{what}: the answer has no body")
    try:
        try:
            top = _SPLIT.decode(body)
        except msgspec.ValidationError:
            raise Malformed(source, f"{what}: the answer is neither a JSON object nor a list") from None
        except msgspec.DecodeError as error:
            top = _SPLIT.decode(_repaired(body, error))
    except RecursionError:
        raise Malformed(source, f"{what}: the answer is nested too deeply") from None
    except UnicodeDecodeError:
        raise Malformed(source, f"{what}: the answer is not UTF-8") from None
    except msgspec.DecodeError as error:
        if "truncated" in str(error):
            raise Truncated(source, f"{what}: the answer ends before its end") from None
        kind = "HTML" if body.lstrip().startswith(b"<") else "not JSON"
        raise Malformed(source, f"{what}: the answer is {kind}") from None
    return top if isinstance(top, list) else {name.lower(): value for name, value in top.items()}


def _repaired(body: bytes, error: msgspec.DecodeError) -> bytes:
    """The body with UNREADABLE for each record that holds half a surrogate pair, NaN or Infinity.

    Several common JSON writers emit these, msgspec rightly takes none, and the standard library takes them all.
    """
    if not any(mark in body for mark in _STRAY):
        raise error
    try:
        top = json.loads(body, parse_constant=lambda _: json)  # a value that cannot be written back
    except ValueError:
        raise error from None
    if isinstance(top, dict):
        return b"{%b}" % b",".join(b"%b:%b" % (_written(name), _rewritten(value)) for name, value in top.items())
    return _rewritten(top)


def _rewritten(value: object) -> bytes:
    return b"[%b]" % b",".join(map(_written, value)) if isinstance(value, list) else _written(value)


def _written(value: object) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (TypeError, UnicodeEncodeError):
        return UNREADABLE


def _items(what: str, source: str, value: Raw) -> list[Raw]:
    text = bytes(value)
    if text.startswith(b"["):
        return _LIST.decode(value)
    if text == b"null":
        return []
    if text.startswith(b"{"):
        return [value] if text[1:-1].strip() else []
    raise Malformed(source, f"{what}: the answer's {what!r} is neither a list nor an object")


def _refuse_failure(what: str, source: str, top: dict[str, Raw]) -> None:
    """A 200 that carries an error; its text stays out of the message, a code of the standard may enter."""
    told = {name: failures.decoded(bytes(top[name])) for name in failures.MEMBERS & top.keys()}
    if told and failures.says_failure(told):
        code = failures.code(told)
        suffix = f" ({code})" if code in failures.STANDARD_CODES else ""
        raise Malformed(source, f"{what}: the answer reports a failure{suffix}")
