"""The four questions, as put to the gateway and to the plain baseline, and the least that answering them can take.

The baseline has no connections and no cursors: its `limit` and `offset` ask for the same rows in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

USERS: Final = 2_000
CLASSES: Final = 100
COURSES: Final = 50
ENROLLMENTS: Final = 10_000
PAGE_LIMIT: Final = 1_000
IN_FLIGHT: Final = 8

NAMES: Final = ("sourcedId", "givenName", "familyName")
FLAT: Final = (
    "sourcedId", "status", "dateLastModified", "username", "givenName", "familyName", "middleName", "identifier",
    "email", "phone",
)  # fmt: skip
TREE: Final = "enrollments { role class { title course { title } } }"


@dataclass(frozen=True, slots=True)
class Upstream:
    """A kind of sandbox server, and as much of a filter as one request to it may carry."""

    kind: str
    clauses: int
    max_url: int


WIDE: Final = Upstream("wide", 100, 8_000)
STANDARD: Final = Upstream("standard-1.2", 2, 2_000)
UPSTREAMS: Final[Mapping[str, Upstream]] = MappingProxyType({"wide": WIDE, "standard": STANDARD})


@dataclass(frozen=True, slots=True)
class Least:
    """The fewest upstream requests with empty tables, and the latencies that must follow each other."""

    requests: int
    rounds: int


@dataclass(frozen=True, slots=True)
class Question:
    """W1 to W4: `first` users with these fields, and below each whatever `tree` says."""

    name: str
    first: int
    fields: tuple[str, ...]
    tree: bool
    least: Mapping[str, Least]

    @property
    def selection(self) -> str:
        return " ".join((*self.fields, *((TREE,) if self.tree else ())))

    @property
    def of_gateway(self) -> str:
        return (
            f"query {self.name}($after: String, $sources: [ID!]) "
            f"{{ users(first: {self.first}, after: $after, sources: $sources) {{ nodes {{ {self.selection} }} }} }}"
        )

    @property
    def of_baseline(self) -> str:
        return (
            f"query {self.name}($offset: Int!) {{ users(limit: {self.first}, offset: $offset) {{ {self.selection} }} }}"
        )

    def starts(self, windows: int) -> list[int]:
        """Rows before each of `windows` windows, spread evenly; never 0, so that each is asked with a cursor."""
        return [(USERS - self.first) * n // windows for n in range(1, windows + 1)]


# One page of users, then nothing. 50 or 500 users filtered 100 at a time: 1 or 5 requests, while the classes and the
# courses, one page each, come beside the users. With two clauses a filter, all 10,000 enrollments in pages of 1,000 are
# fewer requests than 25: 13 in all, none waiting for another, eight in flight.
_ONE: Final = Least(1, 1)
_SCAN: Final = Least(1 + ENROLLMENTS // PAGE_LIMIT + 1 + 1, 2)


def _least(wide: Least, standard: Least) -> Mapping[str, Least]:
    return MappingProxyType({"wide": wide, "standard": standard})


W1: Final = Question("W1", 100, NAMES, False, _least(_ONE, _ONE))
W2: Final = Question("W2", 50, NAMES, True, _least(Least(4, 2), _SCAN))
W3: Final = Question("W3", 1_000, FLAT, False, _least(_ONE, _ONE))
W4: Final = Question("W4", 500, NAMES, True, _least(Least(8, 2), _SCAN))
QUESTIONS: Final[Mapping[str, Question]] = MappingProxyType({q.name: q for q in (W1, W2, W3, W4)})
