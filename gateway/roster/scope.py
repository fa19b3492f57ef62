"""Which records of a source are shown: of those that it shares, those of the collections and organisations that the
settings (`schools`) and a client's grant leave. One that cannot be told to lie within lies outside.

Of listed organisations come the classes, enrollments and people that name one of them, and no school beside them. Other
organisations stay, and so do sessions, courses, categories and resources: they tell of nobody. What else there is lies
where its class and its person do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from adapters.endpoints import COLLECTIONS, Collection
from adapters.errors import SourceError
from adapters.predicate import Not, Predicate, alternatives, among, equals
from adapters.records import Record
from gateway.access.grant import Access
from gateway.access.personal import RULED
from gateway.faults import OutOfScope, Withheld
from gateway.roster.foresight import Ahead

_OWN: Mapping[Collection, str] = MappingProxyType(
    {Collection.CLASSES: "school_id", Collection.ENROLLMENTS: "school_id", Collection.USERS: "org_ids"}
)
"""Where records say themselves to which organisations they belong."""


@dataclass(frozen=True, slots=True)
class Through:
    """A record lies where another one does: the first that it names by one of these fields.

    needed: one that names none lies outside; else it belongs to nobody, and is shown.
    """

    named_by: tuple[tuple[str, Collection], ...]
    needed: bool

    def named(self, record: Record) -> tuple[Collection, str] | None:
        return next(((of, i) for field, of in self.named_by if (i := getattr(record, field)) is not None), None)


_CLASS, _STUDENT = ("class_id", Collection.CLASSES), Through((("student_id", Collection.USERS),), needed=True)

_THROUGH: Mapping[Collection, tuple[Through, ...]] = MappingProxyType(
    {
        Collection.DEMOGRAPHICS: (Through((("sourced_id", Collection.USERS),), needed=True),),
        Collection.LINE_ITEMS: (Through((_CLASS,), needed=True),),
        Collection.RESULTS: (_STUDENT, Through((_CLASS, ("line_item_id", Collection.LINE_ITEMS)), needed=False)),
        Collection.SCORE_SCALES: (Through((_CLASS,), needed=False),),
        Collection.ASSESSMENT_LINE_ITEMS: (Through((_CLASS,), needed=False),),
        Collection.ASSESSMENT_RESULTS: (
            _STUDENT,
            Through((("assessment_line_item_id", Collection.ASSESSMENT_LINE_ITEMS),), needed=False),
        ),
    }
)
"""Where others have to be looked at for it: all of these hold."""


@dataclass(frozen=True, slots=True)
class Scope:
    """orgs: sourcedIds; None: whatever belongs to whichever. closed: collections of which nothing may be read.

    withheld: those of them of whose fields nothing may be.
    """

    orgs: frozenset[str] | None = None
    closed: frozenset[Collection] = frozenset()
    withheld: frozenset[Collection] = frozenset()

    @classmethod
    def of_schools(cls, schools: Iterable[str]) -> Scope:
        """As the settings have it: none that are listed means all."""
        return cls(frozenset(schools) or None)

    def under(self, access: Access) -> Scope:
        """What a client may read of it."""
        orgs = access.orgs if self.orgs is None or access.orgs is None else self.orgs & access.orgs
        withheld = frozenset(c for c, of in RULED.items() if not access.shows(of))
        return Scope(
            orgs=self.orgs if orgs is None else orgs,
            closed=(frozenset(Collection) - access.collections) | withheld,
            withheld=withheld & access.collections,
        )

    @property
    def everything(self) -> bool:
        return self.orgs is None and not self.closed

    def shows_all(self, collection: Collection) -> bool:
        """Whether no record of a collection is left out."""
        return collection not in self.closed and self.predicate(collection) is None and not self.through(collection)

    def refusal(self, source: str, collection: Collection) -> SourceError | None:
        """Why nothing of a collection may be read, where that is so."""
        if collection not in self.closed:
            return None
        if collection in self.withheld:
            return Withheld(source, f"this client may not read {collection}: its grant withholds their fields")
        return OutOfScope(source, f"this client may not read {collection}: its grant has no scope for them")

    def predicate(self, collection: Collection) -> Predicate | None:
        """What a record of a collection must satisfy by itself; None for no condition of its own."""
        if self.orgs is None:
            return None
        if collection is Collection.ORGS:
            return alternatives((among("sourced_id", self.orgs), Not(equals("type", "SCHOOL"))))
        field = _OWN.get(collection)
        return among(field, self.orgs) if field is not None else None

    def through(self, collection: Collection) -> tuple[Through, ...]:
        """Where else it has to be looked for whether a record lies within."""
        return () if self.orgs is None else _THROUGH.get(collection, ())

    def looks_at(self, collection: Collection) -> tuple[Collection, ...]:
        """The other collections that tell which of its records lie within."""
        found = [collection]
        for each in found:
            named = (of for through in self.through(each) for _, of in through.named_by)
            found += [of for of in dict.fromkeys(named) if of not in found]
        return tuple(found[1:])

    def ahead(self, collection: Collection, relations: tuple[Ahead, ...]) -> tuple[Ahead, ...]:
        """The relations of these that lead from records of a collection to what may be read."""
        if not self.closed:
            return relations
        return self._followed(relations) if collection not in self.closed else ()

    def _followed(self, relations: tuple[Ahead, ...]) -> tuple[Ahead, ...]:
        within = (relation for relation in relations if COLLECTIONS[relation.kind] not in self.closed)
        return tuple(replace(relation, then=self._followed(relation.then)) for relation in within)
