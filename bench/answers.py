"""Whether an answer is right while sources fail: each list whole, or with an error that names whose part is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from bench.load import question
from gateway.sandbox.server import Server

_ANY: Mapping[str, Any] = {}
_NODE = "source { key } sourcedId"
_TREE = "enrollments { role class { title course { title } } }"
_REST = "totalCount complete sources { source { key } state code }"


class SilentlyShort(Exception):
    """Something is missing and no error says so; or something is there that should not be."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What one district publishes: how many classes; for each user by sourcedId how many enrollments, and how many of
    these with a class that is there.
    """

    classes: int
    users: Mapping[str, tuple[int, int]]

    @classmethod
    def of(cls, server: Server) -> Truth:
        known = {each["sourcedId"] for each in server.published("classes")}
        enrollments = _active(server.published("enrollments"))
        all_of = Counter(each["user"]["sourcedId"] for each in enrollments)
        with_class = Counter(each["user"]["sourcedId"] for each in enrollments if each["class"]["sourcedId"] in known)
        ids = [user["sourcedId"] for user in _active(server.published("users"))]
        return cls(len(_active(server.published("classes"))), {each: (all_of[each], with_class[each]) for each in ids})

    def size(self, of: str) -> int:
        return len(self.users) if of == "users" else self.classes


def _active(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [record for record in records if record["status"] == "active"]


@dataclass(frozen=True, slots=True)
class ListAsked:
    """The first records of some sources. tree: of users, with their enrollments."""

    of: str
    first: int
    sources: tuple[str, ...]
    tree: bool = False

    @property
    def body(self) -> bytes:
        own = _TREE if self.tree else "title" if self.of == "classes" else "givenName familyName username email"
        page = f"{{ nodes {{ {_NODE} {own} }} {_REST} }}"
        query = f"query ($s: [ID!]) {{ {self.of}(first: {self.first}, sources: $s) {page} }}"
        return question(query, s=self.sources)

    def judge(self, answer: Mapping[str, Any], truths: Mapping[str, Truth]) -> bool:
        """Whether nothing is missing.

        Raises:
            SilentlyShort: something is, and it is not said.
        """
        named = _named(answer)
        page = (answer.get("data") or _ANY).get(self.of)
        if page is None:
            _held(bool(named), "no list, and no error of a source")
            return False
        sizes = {key: truths[key].size(self.of) for key in self.sources}
        total, nodes = sum(sizes.values()), page["nodes"]
        if page["complete"]:
            whole = page["totalCount"] == total and len(nodes) == min(self.first, total)
            _held(whole, f"{len(nodes)} {self.of} of {total} are called complete")
        else:
            _held(bool(named), f"{self.of} are not complete, and no error names a source")
        if self.first >= total:
            seen = {(node["source"]["key"], node["sourcedId"]) for node in nodes}
            _held(len(seen) == len(nodes), f"{self.of} are there twice")
            counts = Counter(key for key, _ in seen)
            for key, size in sizes.items():
                _held(counts[key] == size or key in named, f"{counts[key]} {self.of} of {size} of {key}")
        short = {node["source"]["key"] for node in nodes if self.tree and not _whole(node, truths)}
        _held(short <= named, f"enrollments of {sorted(short - named)}")
        return bool(page["complete"]) and not short


@dataclass(frozen=True, slots=True)
class UserAsked:
    """One user by id."""

    source: str
    sourced_id: str

    @property
    def body(self) -> bytes:
        query = f"query ($s: ID!, $id: String!) {{ user(source: $s, sourcedId: $id) {{ {_NODE} familyName }} }}"
        return question(query, s=self.source, id=self.sourced_id)

    def judge(self, answer: Mapping[str, Any], truths: Mapping[str, Truth]) -> bool:
        """As for `ListAsked`."""
        user = (answer.get("data") or _ANY).get("user")
        if user is None:
            there = self.sourced_id in truths[self.source].users
            _held(not there or self.source in _named(answer), f"a user of {self.source} is not there")
            return not there
        _held(user["sourcedId"] == self.sourced_id, "another user came")
        return True


def _held(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SilentlyShort(otherwise)


def _named(answer: Mapping[str, Any]) -> set[str]:
    """The sources that errors are about."""
    return {source for e in answer.get("errors") or () if (source := (e.get("extensions") or _ANY).get("source"))}


def _whole(node: Mapping[str, Any], truths: Mapping[str, Truth]) -> bool:
    rows = node["enrollments"]
    if rows is None:
        return False
    found = len(rows), sum(row["class"] is not None for row in rows)
    return found == truths[node["source"]["key"]].users.get(node["sourcedId"])


def decoded(body: bytes) -> Mapping[str, Any]:
    """Raises:
    msgspec.DecodeError: it is not JSON, or no object.
    """
    return msgspec.json.decode(body, type=dict[str, Any])
