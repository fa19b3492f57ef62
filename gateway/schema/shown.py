"""Which records an answer holds: collected while it is made, counted once it is there.

Records that stand in several places of the answer count once. What became null with what stands around it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from graphql import GraphQLObjectType
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from adapters.records import RecordType
from gateway.schema.fields import sources_of
from gateway.schema.node import KINDS, TYPE_NAMES

_REFERENCE: Final = "RecordRef"
_HOLD: Final = "Hold"
_TOLD: Final = frozenset({*KINDS, _REFERENCE, _HOLD})

_WHOSE: Final[Mapping[str, str]] = {
    "User": "sourced_id",
    "Demographics": "sourced_id",
    "Enrollment": "user_id",
    "Result": "student_id",
    "AssessmentResult": "student_id",
}
"""Types of records that are about a person, and the attribute that names whom."""

_PEOPLE: Final = (RecordType.USER, RecordType.DEMOGRAPHICS)


class Told(NamedTuple):
    """records: how many different ones, by source and type. people: by source and sourcedId."""

    records: dict[str, dict[str, int]]
    people: set[tuple[str, str]]


class Shown:
    """Of one operation."""

    __slots__ = ("_at", "_parts")

    def __init__(self) -> None:
        self._parts: list[tuple[str, Sequence[Any]]] = []
        self._at: list[tuple[Path, str, Any]] = []

    def add(self, type_name: str, objects: Sequence[Any]) -> None:
        """Objects of a type that the answer holds."""
        if type_name in _TOLD:
            self._parts.append((type_name, objects))

    def at(self, path: Path, type_name: str, value: Any) -> None:
        """One that stands there, unless null reaches so far in the end."""
        if type_name in _TOLD:
            self._at.append((path, type_name, value))

    def forget(self) -> None:
        """What was told so far is told anew."""
        self._parts.clear()
        self._at.clear()

    def settle(self, data: Any) -> None:
        """Keeps of what was told by its place that which stands in the data."""
        found: dict[str, list[Any]] = {}
        for path, name, value in self._at:
            if _stands(data, path):
                found.setdefault(name, []).append(value)
        self._at.clear()
        self._parts += found.items()

    def told(self, *, people: bool) -> Told:
        """What the answer holds and, if they are asked for, the people of whom it tells: by records of their own, by
        those that are about them, or by references to them.
        """
        ids: dict[str, dict[str, set[str]]] = {}
        whom: dict[str, set[str | None]] = {}
        for name, objects in self._parts:
            for source, several in _by_source(name, objects):
                if name in KINDS:
                    found = ids.setdefault(source, {}).setdefault(name, set())
                    found.update([each.sourced_id for each in several])
                if people:
                    whom.setdefault(source, set()).update(_whom(name, several))
        records = {source: {name: len(kinds[name]) for name in sorted(kinds)} for source, kinds in sorted(ids.items())}
        named = {(source, each) for source, several in whom.items() for each in several if each is not None}
        return Told(records, named)


def _by_source(name: str, objects: Sequence[Any]) -> Iterable[tuple[str, Sequence[Any]]]:
    sources = [each.source.key for each in objects] if name == _HOLD else sources_of(objects)
    if not sources or sources.count(sources[0]) == len(sources):
        return [(sources[0], objects)] if sources else []
    found: dict[str, list[Any]] = {}
    for source, each in zip(sources, objects, strict=True):
        found.setdefault(source, []).append(each)
    return found.items()


def _whom(name: str, objects: Sequence[Any]) -> Iterable[str | None]:
    """The sourcedIds of the people whom objects of a type are about, or name."""
    if (attribute := _WHOSE.get(name)) is not None:
        return [getattr(each, attribute) for each in objects]
    if name == _REFERENCE:
        return [each.sourced_id for each in objects if each.type == _USER]
    if name == _HOLD:
        told = [each.told for each in objects if each.kind in _PEOPLE]
        return [sourced_id for hold in told if hold is not None for sourced_id in hold.sample]
    return ()


_USER: Final = TYPE_NAMES[RecordType.USER]


def _stands(data: Any, path: Path) -> bool:
    for key in path.as_list():
        if data is None:
            return False
        data = data[key]
    return data is not None


class TellingExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's, telling an operation's `Shown` of each object that it completes."""

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: Any,
        info: Any,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        shown: Shown | None = getattr(self.context_value, "shown", None)
        if shown is not None:
            shown.at(path, return_type.name, result)
        return super().complete_object_value(return_type, field_details_list, info, path, result, position_context)
