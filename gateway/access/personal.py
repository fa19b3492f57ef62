"""Which attributes of records hold personal data, and of which class: the one place that says so.

The graph's fields and arguments have their classes from here (`gateway.schema.personal`), and so has what a client goes
by in filters and orders. What is not named here is open to whoever may read the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, get_args, get_type_hints

from adapters.endpoints import ENTITIES, Collection
from adapters.gradebook import AssessmentResult, Marks
from adapters.predicate import unfolded
from adapters.records import Demographics, Record, RecordType, RoleAssignment, User
from gateway.access.field_class import FieldClass

_DEMOGRAPHICS: Final = tuple(name for name in Demographics.__struct_fields__ if name not in Record.__struct_fields__)
_MARKS: Final = (
    *("score_status", "score_status_raw", "score", "text_score", "score_date"),
    *("in_progress", "incomplete", "late", "missing", "learning_objective_set"),
)

_CLASSES: Final[Mapping[type[Any], Mapping[FieldClass, tuple[str, ...]]]] = {
    Record: {FieldClass.RAW: ("metadata",)},
    User: {
        FieldClass.NAME: ("given_name", "family_name", "middle_name"),
        FieldClass.SENSITIVE: ("preferred_first_name", "preferred_middle_name", "preferred_last_name", "pronouns"),
        FieldClass.CONTACT: ("username", "email", "sms", "phone"),
        FieldClass.IDENTIFIER: ("identifier", "user_ids", "user_master_identifier", "user_profiles"),
        FieldClass.FAMILY: ("agent_ids",),
    },
    RoleAssignment: {FieldClass.IDENTIFIER: ("user_profile",)},
    Demographics: {FieldClass.DEMOGRAPHICS: _DEMOGRAPHICS},
    Marks: {FieldClass.GRADES: _MARKS, FieldClass.SENSITIVE: ("comment",)},
    AssessmentResult: {FieldClass.GRADES: ("score_percentile",)},
}

PERSONAL: Final[Mapping[tuple[type[Any], str], FieldClass]] = MappingProxyType(
    {
        (kind, attribute): field_class
        for kind, classes in _CLASSES.items()
        for field_class, attributes in classes.items()
        for attribute in attributes
    }
)

RULED: Final[Mapping[Collection, FieldClass]] = MappingProxyType(
    {
        Collection.DEMOGRAPHICS: FieldClass.DEMOGRAPHICS,
        Collection.RESULTS: FieldClass.GRADES,
        Collection.ASSESSMENT_RESULTS: FieldClass.GRADES,
    }
)
"""Collections of which nearly every field is of one class: nothing of them may be read without it."""

_RULED_KINDS: Final = {ENTITIES[collection].type: field_class for collection, field_class in RULED.items()}


def ruling(kind: RecordType) -> FieldClass | None:
    """The class without which nothing of records of a kind may be read."""
    return _RULED_KINDS.get(kind)


def class_of(kind: type[Any], path: str) -> FieldClass | None:
    """The class of a field of records, or of parts of them: by its attribute, dotted where it reaches into a list, as
    predicates name it; None of one that holds nothing personal.
    """
    attribute, _, rest = unfolded(path).partition(".")
    found = next((PERSONAL[each, attribute] for each in kind.__mro__ if (each, attribute) in PERSONAL), None)
    if found is not None or not rest:
        return found
    part = part_of(kind, attribute)
    return class_of(part, rest) if part is not None else None


def part_of(kind: type[Any], attribute: str) -> type[Any] | None:
    """What the elements of a list of records are, where they have fields of their own."""
    hint = _hints(kind).get(attribute)
    return next((each for each in get_args(hint) if hasattr(each, "__struct_fields__")), None)


_HINTS: Final[dict[type[Any], Mapping[str, Any]]] = {}


def _hints(kind: type[Any]) -> Mapping[str, Any]:
    """Read once: doing so for each attribute took a second of every start."""
    found = _HINTS.get(kind)
    if found is None:
        found = _HINTS[kind] = get_type_hints(kind)
    return found


def _classes_in(kind: type[Any]) -> frozenset[FieldClass]:
    """Those of a record and of what is in it."""
    own = frozenset(field_class for (owner, _), field_class in PERSONAL.items() if owner in kind.__mro__)
    parts = filter(None, (part_of(kind, name) for name in kind.__struct_fields__))
    return own.union(*map(_classes_in, parts))


FIELDS_IN: Final[Mapping[FieldClass, frozenset[Collection]]] = MappingProxyType(
    {
        each: frozenset(collection for collection, entity in ENTITIES.items() if each in _classes_in(entity.record))
        for each in FieldClass
    }
)
"""The collections whose records have fields of each class."""
