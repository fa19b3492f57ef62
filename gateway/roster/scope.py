"""Which records of a source are served at all: those of the schools that its settings list.

With `schools` set, a class, an enrollment or a person that names none of them is left out; so is one that names no
school. Schools that are not listed are left out; other orgs, sessions and courses stay, as they tell of nobody.
Demographics follow their person. Of the gradebook, what belongs to a class or a person is not served at all then: it
names no school, or need not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.endpoints import Collection
from adapters.predicate import AnyOf, Not, Or, Predicate, Test, compile_test, equals

_OF_CLASSES_OR_PEOPLE = frozenset(
    {Collection.LINE_ITEMS, Collection.RESULTS, Collection.SCORE_SCALES, Collection.ASSESSMENT_RESULTS}
)


@dataclass(frozen=True, slots=True)
class Scope:
    """`schools`: sourcedIds of orgs; empty means everything that the source shares."""

    schools: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        return not self.schools

    def covers(self, collection: Collection) -> bool:
        """Whether records of `collection` can be told to lie within."""
        return self.everything or collection not in _OF_CLASSES_OR_PEOPLE

    def predicate(self, collection: Collection) -> Predicate | None:
        """What a record of `collection` must satisfy; None for no condition of its own."""
        return None if self.everything else self._conditions().get(collection)

    def test(self, collection: Collection) -> Test:
        return compile_test(self.predicate(collection))

    def _conditions(self) -> Mapping[Collection, Predicate]:
        return {
            Collection.ORGS: Or((AnyOf("sourced_id", self.schools), Not(equals("type", "SCHOOL")))),
            Collection.CLASSES: AnyOf("school_id", self.schools),
            Collection.ENROLLMENTS: AnyOf("school_id", self.schools),
            Collection.USERS: AnyOf("org_ids", self.schools),
        }
