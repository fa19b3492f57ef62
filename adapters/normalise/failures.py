"""What an error body says: that there is a failure, and its minor code. Never raises.

Recognises the shapes of OneRoster 1.1 (`statusInfoSet`), 1.2 (`imsx_CodeMinor`), 1.0 (`CodeMajor`), their flat
variants, OAuth 2 (`error`) and lists of `errors`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from adapters.normalise.vocabulary import fold

MEMBERS = frozenset(
    {
        *("imsx_codemajor", "imsx_severity", "imsx_codeminor", "imsx_statusinfo", "codemajor", "severity", "codeminor"),
        *("statusinfoset", "statusinfo", "error", "errors"),
    }
)
"""Lower-case names of the members that can tell of a failure."""

STANDARD_CODES = frozenset(
    {
        *("unknownobject", "invaliddata", "unauthorized", "unauthorised", "unauthorisedrequest", "forbidden"),
        *("invalidsortfield", "invalidfilterfield", "invalidselectionfield", "invalidblankselectionfield"),
        *("serverbusy", "internalservererror", "unsupported", "deletefailure"),
    }
)

_NESTED = ("statusinfoset", "statusinfo", "imsx_statusinfo", "errors", "error")
_CODE = re.compile(r"[A-Za-z][A-Za-z _-]{0,60}")
_TOKEN = re.compile(r"[A-Za-z]+([_-][A-Za-z]+)*")
_DEPTH = 4


def error_code(body: bytes) -> str | None:
    """The minor code that an error body carries, folded: `invalid_filter_field` and `Invalid filter field` are
    `invalidfilterfield`. OAuth 2's `error` counts as one. None where there is none, or the body is not such JSON.
    """
    return code(decoded(body))


def code(value: object) -> str | None:
    """The same of a decoded body."""
    return next((c for c in _codes(value, _DEPTH) if c != "fullsuccess"), None)


def reports_failure(body: bytes) -> bool:
    """Whether the body says that the request failed; a warning next to data is none."""
    return says_failure(decoded(body))


def says_failure(value: object, depth: int = _DEPTH) -> bool:
    """The same of a decoded body."""
    if isinstance(value, list):
        return depth > 0 and any(says_failure(v, depth - 1) for v in value)
    if not isinstance(value, dict) or not depth:
        return False
    members = {k.lower(): v for k, v in value.items() if isinstance(k, str)}
    major = members.get("imsx_codemajor", members.get("codemajor"))
    if isinstance(major, str):
        return fold(major) in ("failure", "unsupported")
    severity = members.get("imsx_severity", members.get("severity"))
    if isinstance(severity, str) and fold(severity) == "error":
        return True
    if members.get("error") or members.get("errors"):
        return True
    return any(says_failure(members[k], depth - 1) for k in _NESTED if k in members)


def decoded(body: bytes) -> object:
    """The body as JSON; None for what is none."""
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return None


def _codes(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, list):
        for element in value if depth else ():
            yield from _codes(element, depth - 1)
    if not isinstance(value, dict) or not depth:
        return
    members = {k.lower(): v for k, v in value.items() if isinstance(k, str)}
    for name in ("imsx_codeminor", "codeminor"):
        yield from _minor(members.get(name))
    for name in _NESTED:
        yield from _codes(members.get(name), depth - 1)
    error = members.get("error")
    if isinstance(error, str) and _TOKEN.fullmatch(error):
        yield fold(error)


def _minor(value: Any) -> Iterator[str]:
    """A code as text, or 1.2's `imsx_codeMinorField` with names and values."""
    if isinstance(value, str):
        if _CODE.fullmatch(value.strip()):
            yield fold(value)
    elif isinstance(value, list):
        for element in value:
            yield from _minor(element)
    elif isinstance(value, dict):
        yield from _minor(value.get("imsx_codeMinorField"))
        yield from _minor(value.get("imsx_codeMinorFieldValue"))
