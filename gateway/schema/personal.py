"""Personal data in the graph: which class each field and argument has, told to clients, and the guard over fields.

What is an attribute of a record has that one's class (`gateway.access.personal`), what is made of it says so itself
(`fields.computed`). Whoever executes the field asks the same guard: graphql-core here, plans in `gateway.execution`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, TypeAlias

from graphql import (
    DirectiveLocation,
    GraphQLArgument,
    GraphQLDirective,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from adapters.endpoints import ENTITIES
from adapters.records import Record, User
from gateway.access.field_class import FieldClass
from gateway.access.grant import Withheld
from gateway.access.personal import PERSONAL, class_of, ruling
from gateway.roster.reading import Place, Reading
from gateway.schema.fields import Personal
from gateway.schema.identity_lookup import IdentityInput
from gateway.schema.listed import LISTED
from gateway.schema.orders import ORDERS
from gateway.schema.relations import Cardinality, Relation
from gateway.schema.roots import Root
from gateway.schema.translation import MEANING, Subject

PII: Final = "pii"
"""Of a field, an argument, an input field or a value of an enum: the extension that holds its class."""

GUARD: Final = "guard"
"""Of a field: the extension that holds its guard."""

Lesser: TypeAlias = Callable[[Any], Any]

Verdict: TypeAlias = FieldClass | Lesser | None
"""The class for lack of which a field is null, or what is made of each record in its place; None: it is as it is."""

_RECORDS: Final[Mapping[str, type[Any]]] = {
    "RosterObject": Record,
    **{kind.__name__: kind for kind, _ in PERSONAL},
    **{entity.record.__name__: entity.record for entity in ENTITIES.values()},
}
"""What stands behind object types: they have the names of the classes of records."""

_RECORD_OF: Final = {entity.type: entity.record for entity in ENTITIES.values()}

_NAMED: Final = (Cardinality.ONE, Cardinality.SEVERAL)


@dataclass(frozen=True, slots=True)
class Guard:
    """Over one field of records: what its class and the client's grant leave of it, source by source."""

    personal: Personal

    @property
    def field_class(self) -> FieldClass:
        return self.personal.field_class

    @property
    def _verdicts(self) -> Sequence[tuple[FieldClass, FieldClass | Lesser]]:
        """By the class that is withheld; the first counts."""
        return (self.field_class, self.field_class), *self.personal.lesser.items()

    def concerns(self, withheld: Withheld) -> bool:
        """Whether the field may be another for a client from whom these classes are withheld."""
        if self.personal.asked is not None:
            return bool(withheld.somewhere)
        return not withheld.somewhere.isdisjoint((self.field_class, *self.personal.lesser))

    def everywhere(self, withheld: Withheld) -> Verdict:
        """What the verdict is, where it is the same of every source, whatever the arguments; else None."""
        if self.personal.asked is not None:
            return None
        for each, verdict in self._verdicts:
            if each in withheld.everywhere:
                return verdict
            if each in withheld.somewhere:
                return None
        return None

    def verdict(self, reading: Reading, source: str, arguments: Mapping[str, Any]) -> Verdict:
        """Of records of a source."""
        access = reading.grant.at(source)
        if self.personal.asked is not None:
            known = reading.sources.get(source, reading.grant)
            asked = self.personal.asked(known.declared if known is not None else {}, arguments)
            return next((each for each in asked if not access.shows(each)), None)
        return next((verdict for each, verdict in self._verdicts if not access.shows(each)), None)


def guard_of(definition: GraphQLField) -> Guard | None:
    found = definition.extensions.get(GUARD)
    return found if isinstance(found, Guard) else None


def declare(graph: GraphQLSchema) -> None:
    """Says of every element of a graph which class it has, and puts guards over its fields."""
    enum = graph.type_map.get(FieldClass.__name__)
    if isinstance(enum, GraphQLEnumType):
        graph.directives = (*graph.directives, _directive(enum))
    for named in graph.type_map.values():
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
            for field in named.fields.values():
                _declare_field(named.name, field)
    for element, record, attributes in _going_by(graph):
        if classes := {found for each in attributes if (found := class_of(record, each)) is not None}:
            [field_class] = classes
            _mark(element, field_class)


def _directive(classes: GraphQLEnumType) -> GraphQLDirective:
    locations = (
        DirectiveLocation.FIELD_DEFINITION,
        DirectiveLocation.INPUT_FIELD_DEFINITION,
        DirectiveLocation.ARGUMENT_DEFINITION,
        DirectiveLocation.ENUM_VALUE,
    )
    text = (
        "The class of personal data that a client's grant must hold: a field is null without it, and whatever filters, "
        "sorts or searches by such a field is refused, both with FORBIDDEN_FIELD."
    )
    return GraphQLDirective(PII, locations, {"class": GraphQLArgument(GraphQLNonNull(classes))}, description=text)


def _declare_field(type_name: str, field: GraphQLField) -> None:
    personal = _personal(type_name, field)
    if personal is None:
        return
    _mark(field, personal.field_class)
    guard = Guard(personal)
    field.extensions[GUARD] = guard
    if field.resolve is not None:
        field.resolve = _guarded(guard, field.resolve)


def _personal(type_name: str, field: GraphQLField) -> Personal | None:
    declared = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    metadata = _metadata(field)
    if isinstance(said := metadata.get("pii"), Personal):
        return said
    record = _RECORDS.get(type_name)
    if record is None or declared is None:
        return None
    relation = metadata.get("relation")
    attribute = metadata.get("reference", declared.python_name if declared.is_basic_field else None)
    found: FieldClass | None = None
    if isinstance(relation, Relation):
        found = class_of(record, relation.key) if relation.cardinality in _NAMED else None
        found = found or ruling(relation.kind)
    elif attribute is not None:
        found = class_of(record, attribute)
    return Personal(found) if found is not None else None


def _going_by(graph: GraphQLSchema) -> Iterator[tuple[Any, type[Any], Sequence[str]]]:
    """What filters, sorts and searches by attributes of records: these, and the records."""
    types = graph.type_map
    for kind, listed in LISTED.items():
        record = _RECORD_OF[kind]
        for field in getattr(types.get(listed.filter.__name__), "fields", {}).values():
            subject = _metadata(field).get(MEANING)
            named = field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].python_name
            yield field, record, [subject.field if isinstance(subject, Subject) else named]
        for name, value in getattr(types.get(f"{ORDERS[kind].__name__}Field"), "values", {}).items():
            yield value, record, [name.lower()]
    for field in getattr(types.get(IdentityInput.__name__), "fields", {}).values():
        yield field, User, [_metadata(field)["attribute"]]
    for field in graph.query_type.fields.values() if graph.query_type is not None else ():
        root = _metadata(field).get("root")
        if isinstance(root, Root) and "search" in field.args:
            yield field.args["search"], _RECORD_OF[root.kind], LISTED[root.kind].searched


def _metadata(element: Any) -> Mapping[str, Any]:
    """What is kept of an element where it is declared."""
    found: Mapping[str, Any] = getattr(element.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF), "metadata", {})
    return found


def _mark(element: Any, field_class: FieldClass) -> None:
    element.extensions[PII] = field_class
    element.description = f"{element.description} Field class {field_class.value}."


def _guarded(guard: Guard, resolve: Callable[..., Any]) -> Callable[..., Any]:
    """As graphql-core calls a resolver."""

    @wraps(resolve)
    def guarded(root: Any, info: Any, **arguments: Any) -> Any:
        reading: Reading = info.context.reading
        if not guard.concerns(reading.grant.withheld):
            return resolve(root, info, **arguments)
        verdict = guard.verdict(reading, root.source, arguments)
        if verdict is None:
            return resolve(root, info, **arguments)
        if not isinstance(verdict, FieldClass):
            return verdict(root)
        place = Place(tuple(info.path.as_list()), tuple(info.field_nodes))
        reading.outcomes.withheld(lambda: place, root.source, verdict)
        return None

    return guarded


def classed(graph: GraphQLSchema) -> Iterator[tuple[str, FieldClass]]:
    """Every element that has a class, by its coordinates in the graph."""
    for named in graph.type_map.values():
        for name, element in _elements(named):
            if isinstance(found := element.extensions.get(PII), FieldClass):
                yield f"{named.name}.{name}", found


def _elements(named: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(named, GraphQLEnumType):
        yield from named.values.items()
    elif isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        for name, field in named.fields.items():
            yield name, field
            yield from ((f"{name}({argument}:)", each) for argument, each in getattr(field, "args", {}).items())
