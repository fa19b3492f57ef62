"""What a client accepts, by its Accept and Accept-Encoding headers (RFC 9110, 12.5). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
MEDIA_TYPES = (JSON, GRAPHQL_RESPONSE)
"""In which GraphQL answers are written, the default first."""

_KEPT = 64
"""Headers of either kind whose meaning is kept: a client sends the same ones every time."""

_LONGEST = 4_096
"""Characters of such a header that are read: anybody may send one, and no client says more."""


class Coding(StrEnum):
    """A content coding that answers can have, the cheaper one first."""

    ZSTD = "zstd"
    GZIP = "gzip"


@dataclass(frozen=True, slots=True)
class Codings:
    """best: that the client would rather have than none. plain: whether none will do. at_all: any that will do."""

    best: Coding | None
    plain: bool
    at_all: Coding | None


@dataclass(frozen=True, slots=True)
class _Range:
    """One item of such a header: what is acceptable, and how much (from 0 to 1)."""

    name: str
    weight: float
    parameters: dict[str, str] = field(default_factory=dict)


@lru_cache(_KEPT)
def media_type(accept: str | None) -> str | None:
    """The media type to answer in; None if the client takes none of them.

    The heaviest of those that it takes; of equals the one that it names more exactly, then the one that it names first.
    """
    ranges = list(_ranges(accept or "*/*"))
    if not ranges:
        return JSON
    found = [(*match, -default, kind) for default, kind in enumerate(MEDIA_TYPES) if (match := _match(ranges, kind))]
    return max(found)[-1] if found else None


def _match(ranges: Sequence[_Range], kind: str) -> tuple[float, int, int] | None:
    """How much the client wants this media type: its weight, how exactly it was named, how early; None if not at all.

    Its weight is that of the range that names it most exactly.
    """
    exactness = {kind: 2, f"{kind.partition('/')[0]}/*": 1, "*/*": 0, "*": 0}
    named = [
        (exactness[item.name], -place, item.weight)
        for place, item in enumerate(ranges)
        if item.name in exactness and item.parameters.get("charset", "utf-8") in ("utf-8", "utf8")
    ]
    if not named:
        return None
    exact, place, weight = max(named)
    return (weight, exact, place) if weight > 0 else None


@lru_cache(_KEPT)
def prefers_html(accept: str | None) -> bool:
    """Whether the client would rather have a page than JSON: a browser's address bar, not curl or a GraphQL client."""
    weights = {item.name: item.weight for item in _ranges(accept or "")}
    html = weights.get("text/html", 0.0)
    named = [weights[kind] for kind in MEDIA_TYPES if kind in weights]
    if named:
        return html > max(named)
    return html > 0 and html >= max((weights[kind] for kind in ("*/*", "application/*") if kind in weights), default=0)


@lru_cache(_KEPT)
def codings(accept_encoding: str | None) -> Codings:
    """In which codings the answer may be. Without the header, or with an empty one, in none."""
    weights = {item.name.removeprefix("x-"): item.weight for item in _ranges(accept_encoding or "")}
    others = weights.get("*", 0.0)
    wanted = {coding: weights.get(coding, others) for coding in Coding}
    heaviest = max(wanted, key=lambda coding: wanted[coding])
    at_all = heaviest if wanted[heaviest] > 0 else None
    plain = weights.get("identity", weights.get("*", 1.0)) > 0
    best = at_all if wanted[heaviest] >= weights.get("identity", 0.0) else None
    return Codings(best, plain, at_all)


def _ranges(header: str) -> Iterator[_Range]:
    for item in header[:_LONGEST].lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if name:
            said = dict(_parameter(each) for each in parameters)
            yield _Range(name, _weight(said.pop("q", "1")), said)


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip().strip('"')


def _weight(text: str) -> float:
    """A weight that is none counts as 1."""
    try:
        weight = float(text)
    except ValueError:
        return 1.0
    return weight if 0 <= weight <= 1 else 1.0
