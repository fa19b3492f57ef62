"""What a request asks, taken from a JSON body or from the query of its address. Nothing of GraphQL is read here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from gateway.endpoint.refusal import Refusal

_KINDS: Mapping[str, type] = {
    "query": str,
    "documentId": str,
    "operationName": str,
    "variables": dict,
    "extensions": dict,
}
_WORDS: Mapping[type, str] = {str: "a string", dict: "an object", list: "a list", bool: "true or false"}
_MOST_IN_ADDRESS = 100
"""Parameters in an address."""


class Parameters(msgspec.Struct, frozen=True, rename="camel"):
    """As GraphQL over HTTP names them. None: not there, or null."""

    query: str | None = None
    document_id: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


_PARAMETERS = msgspec.json.Decoder(Parameters)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_QUOTE = b'"'


def from_body(body: bytes) -> Parameters:
    """The parameters in a JSON body. Others are passed over.

    Raises:
        Refusal: it is no JSON, or not of this shape.
    """
    try:
        found = _decoded(body)
        _refuse_repeated(body)
        return found
    except UnicodeDecodeError:
        raise Refusal(400, "the body is not UTF-8") from None
    except msgspec.DecodeError as error:
        raise Refusal(400, f"the body is not JSON: {error}" if body else "the body is empty") from None
    except RecursionError:
        raise Refusal(400, "the body is nested too deeply") from None


def from_address(query_string: bytes) -> Parameters:
    """The parameters in the query of an address; those that are empty count as absent. Others are passed over.

    Raises:
        Refusal: it is wrongly encoded, or not of this shape.
    """
    try:
        pairs = parse_qsl(query_string.decode("ascii"), True, errors="strict", max_num_fields=_MOST_IN_ADDRESS)
    except UnicodeDecodeError:
        raise Refusal(400, "the address is not UTF-8 in percent-encoding") from None
    except ValueError:
        raise Refusal(400, f"the address has more than {_MOST_IN_ADDRESS} parameters") from None
    ours = [(name, value) for name, value in pairs if name in _KINDS and value]
    _refuse_twice([name for name, _ in ours], "the address")
    found = {name: _json(name, value) if _KINDS[name] is dict else value for name, value in ours}
    if (wrong := _wrong(found)) is not None:
        raise Refusal(400, wrong)
    return msgspec.convert(found, Parameters)


def _wrong(found: Mapping[str, Any]) -> str | None:
    """What is wrong with the first of our parameters that is of another type."""
    for name, kind in _KINDS.items():
        value = found.get(name)
        if value is not None and not isinstance(value, kind):
            return f"`{name}` must be {_WORDS[kind]}, not {_word(value)}"
    return None


def _word(value: Any) -> str:
    return _WORDS.get(type(value), "a number")


def _json(name: str, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Refusal(400, f"`{name}` in the address is not JSON: {error}") from None
    except RecursionError:
        raise Refusal(400, f"`{name}` in the address is nested too deeply") from None


def _decoded(body: bytes) -> Parameters:
    try:
        return _PARAMETERS.decode(body)
    except msgspec.ValidationError:
        raise Refusal(400, _misshapen(msgspec.json.decode(body))) from None


def _misshapen(found: Any) -> str:
    """What is wrong with a body that is JSON of another shape."""
    if isinstance(found, dict):
        return _wrong(found) or "the body has members of wrong types"
    wanted = "the body must be a JSON object with a `query`"
    return f"{wanted}; several operations at once are not taken" if isinstance(found, list) else wanted


def _refuse_repeated(body: bytes) -> None:
    """JSON leaves open which of two members of one name counts: what was checked before us may not be what we read.

    Of two, the decoder keeps one: then quotes are missing. So they are where a name has one in it: that is looked into.
    """
    kept = _MEMBERS.decode(body)
    quotes = 2 * len(kept)
    for value in kept.values():
        quotes += bytes(value).count(_QUOTE)
    if quotes == body.count(_QUOTE):
        return
    try:
        members = json.loads(body, object_pairs_hook=list)
    except RecursionError:
        raise Refusal(400, "the body is nested too deeply") from None
    except ValueError:
        raise Refusal(400, "the body is not JSON in UTF-8, or holds a number of thousands of digits") from None
    _refuse_twice([name for name, _ in members if name in _KINDS], "the body")


def _refuse_twice(names: list[str], where: str) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Refusal(400, f"`{twice}` stands in {where} more than once")
