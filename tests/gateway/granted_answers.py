"""What an answer under a grant may be: the twin's, without the fields that are withheld, and refusals.

Which fields and arguments hold personal data is said here once more, after the standard, and by none of the gateway.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Any, Final

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    SelectionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    Undefined,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_abstract_type,
    parse,
    print_ast,
    strip_ignored_characters,
    value_from_ast_untyped,
    visit,
)

from gateway.access.field_class import FieldClass as Of
from gateway.access.grant import Grant
from tests.gateway.made_operations import Made

FIELDS: Final[Mapping[str, Of]] = {
    **dict.fromkeys(("User.givenName", "User.familyName", "User.middleName", "User.displayName"), Of.NAME),
    **{f"User.preferred{part}Name": Of.SENSITIVE for part in ("First", "Middle", "Last")},
    "User.pronouns": Of.SENSITIVE,
    **dict.fromkeys(("User.username", "User.email", "User.sms", "User.phone"), Of.CONTACT),
    **dict.fromkeys(("User.identifier", "User.userIds", "User.userMasterIdentifier"), Of.IDENTIFIER),
    **dict.fromkeys(("User.agentRefs", "User.agents", "User.guardians"), Of.FAMILY),
    **dict.fromkeys(("User.samePerson", "User.userProfiles", "RoleAssignment.userProfile"), Of.IDENTIFIER),
    "User.demographics": Of.DEMOGRAPHICS,
    **dict.fromkeys(("User.results", "User.assessmentResults"), Of.GRADES),
    **dict.fromkeys(("LineItem.results", "AssessmentLineItem.results"), Of.GRADES),
    **dict.fromkeys(("Result.comment", "AssessmentResult.comment"), Of.SENSITIVE),
}
"""`metadata` of all records beside them, and `metadataValue` by its name."""

FILTERED: Final[Mapping[str, Of]] = {
    "givenName": Of.NAME,
    "familyName": Of.NAME,
    "middleName": Of.NAME,
    "preferredFirstName": Of.SENSITIVE,
    "preferredMiddleName": Of.SENSITIVE,
    "preferredLastName": Of.SENSITIVE,
    "pronouns": Of.SENSITIVE,
    "username": Of.CONTACT,
    "email": Of.CONTACT,
    "sms": Of.CONTACT,
    "phone": Of.CONTACT,
    "userMasterIdentifier": Of.IDENTIFIER,
    "userIds": Of.IDENTIFIER,
    "agents": Of.FAMILY,
    "comment": Of.SENSITIVE,
    "metadata": Of.RAW,
    **dict.fromkeys(("birthDate", "sex", "asian", "white", "blackOrAfricanAmerican"), Of.DEMOGRAPHICS),
    **dict.fromkeys(("americanIndianOrAlaskaNative", "nativeHawaiianOrOtherPacificIslander"), Of.DEMOGRAPHICS),
    **dict.fromkeys(("demographicRaceTwoOrMoreRaces", "hispanicOrLatinoEthnicity"), Of.DEMOGRAPHICS),
    **dict.fromkeys(("scoreStatus", "scoreDate", "score", "scorePercentile", "textScore"), Of.GRADES),
    **dict.fromkeys(("inProgress", "incomplete", "late", "missing"), Of.GRADES),
}
"""Names of fields by which people and records are found, in filters as in OneRoster's own text."""

IDENTITY: Final = {
    "email": Of.CONTACT,
    "username": Of.CONTACT,
    "userMasterIdentifier": Of.IDENTIFIER,
    "identifier": Of.IDENTIFIER,
    "userId": Of.IDENTIFIER,
}
ORDERS: Final = {"FAMILY_NAME": Of.NAME, "GIVEN_NAME": Of.NAME, "USERNAME": Of.CONTACT, "EMAIL": Of.CONTACT}
RULED_ORDERS: Final = {"BIRTH_DATE": Of.DEMOGRAPHICS, "SCORE_DATE": Of.GRADES}
DECLARED: Final = {"bus": Of.CONTACT}
"""Names of metadata, by the class that the sources' settings give them. Others are null for everybody."""

KEYS: Final = {"sis.bus": Of.CONTACT}
"""The same by what stands in the records; whatever else does is RAW."""

ID, TYPE, PAGE, AFTER = "zId", "zType", "zPage", "zAfter"
"""What is asked of every record, of whatever may be of several types, and of every list, beside what was."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """Stands for a value that is withheld, or refused. there: the twin has one, so that it is to be told."""

    there: bool


@dataclass(frozen=True, slots=True)
class Either:
    """Stands for what may be told with more caution than the twin tells it."""

    values: tuple[Any, ...]


_METADATA: Final = ("zMeta: metadata", 'zBus: metadataValue(name: "bus")', 'zKeys: metadata(keys: ["sis.bus"])')
_PEOPLE: Final = f"{{ {ID}: id zGiven: givenName }}"
PERSONAL: Final[Mapping[str, tuple[str, ...]]] = {
    "User": (
        *(f"z{name}: {name}" for name in ("givenName", "familyName", "displayName", "email", "username", "identifier")),
        *(f"z{name}: {name}" for name in ("preferredFirstName", "pronouns", "phone", "userMasterIdentifier")),
        *(f"z{name}: {name} {_PEOPLE}" for name in ("agents", "guardians", "samePerson")),
        "zIds: userIds { type identifier }",
        "zRefs: agentRefs { id }",
        f"zDemographics: demographics {{ {ID}: id birthDate sex }}",
        f"zResults: results(first: 2) {{ nodes {{ {ID}: id score comment }} }}",
        *_METADATA,
    ),
    "Result": ("zScore: score", "zComment: comment", f"zStudent: student {_PEOPLE}", *_METADATA),
    "Demographics": ("zBirth: birthDate", "zSex: sex", "zCity: cityOfBirth", f"zUser: user {_PEOPLE}"),
    "Class": (
        *(f"z{name}: {name} {_PEOPLE}" for name in ("students", "teachers")),
        f"zEnrollments: enrollments {{ {ID}: id }}",
        *(f"z{name}: {name}" for name in ("studentCount", "title", "classCode", "location")),
        *_METADATA,
    ),
    "LineItem": ("zTitle: title", "zText: description"),
    "Org": ("zNumber: identifier", *_METADATA),
    "Course": _METADATA,
    "RosterObject": _METADATA,
}
"""What is asked of some records as well."""

SHOWING: Final = {
    "UserConnection": ("zNodes: nodes { %s }", "User"),
    "DemographicsConnection": ("zNodes: nodes { %s }", "Demographics"),
    "ResultConnection": ("zNodes: nodes { %s }", "Result"),
    "EnrollmentConnection": (f"zNodes: nodes {{ {ID}: id zPerson: user {{ %s }} }}", "User"),
    "ClassConnection": (f"zNodes: nodes {{ {ID}: id zPupils: students {{ %s }} }}", "User"),
    "OrgConnection": (f"zNodes: nodes {{ {ID}: id zUsers: users(first: 2) {{ nodes {{ %s }} }} }}", "User"),
}
"""By which way lists are looked through, and to what of it."""

CAUTIOUS: Final[Mapping[str, Any]] = {"complete": False, "unknownStatus": None, "rejected": None}
"""What may be told instead: a source that refuses may be asked for a page where the twin, which knows how large the
sources are, asks one less; numbers of a whole collection are not for who may read a part of it.
"""

ANYTHING: Final = object()
"""Stands for what the twin cannot tell: who asks, and a name without the part of it that is withheld."""


def asked_besides(schema: GraphQLSchema, text: str, random: Random) -> tuple[str, str | None]:
    """The document, with what tells which each record is, how each list goes on, and how long it is; and with personal
    fields here and there.

    And the name in the answer of a list that can be gone on with, from the cursor in the variable AFTER.
    """
    types = TypeInfo(schema)
    document = parse(text)
    found: DocumentNode = visit(document, TypeInfoVisitor(types, _Asking(types, random)))
    followed, name = _followed(found)
    return strip_ignored_characters(print_ast(followed)), name


def _followed(document: DocumentNode) -> tuple[DocumentNode, str | None]:
    main: Any = document.definitions[0]
    selections = main.selection_set.selections
    for number, each in enumerate(selections):
        given = {said.name.value for said in each.arguments or ()} if isinstance(each, FieldNode) else set()
        if "first" not in given or not given.isdisjoint({"after", "before", "last"}):
            continue
        variable = VariableNode(name=NameNode(value=AFTER))
        after = ArgumentNode(name=NameNode(value="after"), value=variable)
        declared = VariableDefinitionNode(
            variable=variable, type=NamedTypeNode(name=NameNode(value="String")), directives=()
        )
        going = (*selections[:number], replace(each, arguments=(*each.arguments, after)), *selections[number + 1 :])
        main = replace(
            main,
            variable_definitions=(*(main.variable_definitions or ()), declared),
            selection_set=SelectionSetNode(selections=going),
        )
        name = each.alias.value if each.alias else each.name.value
        return DocumentNode(definitions=(main, *document.definitions[1:])), name
    return document, None


class _Asking(Visitor):
    def __init__(self, types: TypeInfo, random: Random) -> None:
        super().__init__()
        self._types, self._random, self._totals = types, random, random.random() < 0.3

    def _personal(self, kind: str) -> list[str]:
        return self._random.sample(PERSONAL[kind], min(3, len(PERSONAL[kind])))

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode:
        kind = self._types.get_parent_type()
        more = []
        if is_abstract_type(kind):
            more.append(f"{TYPE}: __typename")
        if kind is not None and "observedAt" in getattr(kind, "fields", ()):
            more.append(f"{ID}: id")
        elif kind is not None and kind.name == "Node":
            more.append(f"... on RosterObject {{ {ID}: id }}")
        if kind is not None and kind.name.endswith("Connection") and kind.name != "SourceConnection":
            more.append(f"{PAGE}: pageInfo {{ hasNextPage hasPreviousPage endCursor }}")
            more += ["zTotal: totalCount"] if self._totals else []
        if kind is not None and kind.name in PERSONAL and self._random.random() < 0.6:
            more += self._personal(kind.name)
        if kind is not None and kind.name in SHOWING and self._random.random() < 0.5:
            way, shown = SHOWING[kind.name]
            more.append(way % f"{ID}: id {' '.join(self._personal(shown))}")
        if not more:
            return node
        added = parse("{" + " ".join(more) + "}").definitions[0].selection_set.selections  # type: ignore[attr-defined]
        return SelectionSetNode(selections=(*node.selections, *added))


def arguments_of(node: FieldNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    given = {each.name.value: value_from_ast_untyped(each.value, variables) for each in node.arguments or ()}
    return {name: value for name, value in given.items() if value is not Undefined}


@dataclass(frozen=True)
class Asked:
    """An operation as it is judged. variables: those given, and the defaults of the others."""

    schema: GraphQLSchema
    operation: Made

    @cached_property
    def document(self) -> DocumentNode:
        return parse(self.operation.text)

    @cached_property
    def variables(self) -> dict[str, Any]:
        main = self.document.definitions[0]
        defaults = {
            each.variable.name.value: value_from_ast_untyped(each.default_value)
            for each in main.variable_definitions or ()  # type: ignore[attr-defined]
            if each.default_value is not None
        }
        return defaults | self.operation.variables

    @cached_property
    def fragments(self) -> dict[str, FragmentDefinitionNode]:
        return {each.name.value: each for each in self.document.definitions if isinstance(each, FragmentDefinitionNode)}

    @property
    def root(self) -> tuple[GraphQLObjectType, Sequence[SelectionNode]]:
        main = self.document.definitions[0]
        assert self.schema.query_type is not None
        return self.schema.query_type, main.selection_set.selections  # type: ignore[attr-defined]

    def fields(self, kind: GraphQLObjectType, selections: Iterable[SelectionNode]) -> dict[str, list[FieldNode]]:
        """By the names that they have in the answer, whether they are skipped or not."""
        found: dict[str, list[FieldNode]] = {}
        for each in selections:
            match each:
                case FieldNode():
                    name = each.alias.value if each.alias else each.name.value
                    found.setdefault(name, []).append(each)
                case InlineFragmentNode() | FragmentSpreadNode():
                    part = self.fragments[each.name.value] if isinstance(each, FragmentSpreadNode) else each
                    if part.type_condition is None or self._is(kind, part.type_condition.name.value):
                        for name, nodes in self.fields(kind, part.selection_set.selections).items():
                            found.setdefault(name, []).extend(nodes)
        return found

    def _is(self, kind: GraphQLObjectType, name: str) -> bool:
        return kind.name == name or any(each.name == name for each in kind.interfaces)

    def goes_by(self, kind: GraphQLObjectType, node: FieldNode) -> frozenset[frozenset[Of]]:
        """What must be granted for this field to be asked with its arguments: of each set, one class."""
        declared = kind.fields[node.name.value].args
        given = arguments_of(node, self.variables)
        needs: set[frozenset[Of]] = set()
        for name, value in given.items():
            if value is None or (isinstance(value, str) and not value.strip()):
                continue
            if name == "search" and kind.name == "Query" and node.name.value == "users":
                needs.add(frozenset({Of.NAME}))
            elif name == "filterText":
                needs |= set(_of_text(value, node.name.value))
            elif name == "identity":
                needs |= {frozenset({IDENTITY[each]}) for each, said in value.items() if said is not None}
            else:
                needs |= set(_of_input(declared[name].type, value))
        return frozenset(needs)


def _of_input(kind: Any, value: Any) -> Iterator[frozenset[Of]]:
    named = get_named_type(kind)
    if isinstance(value, list):
        for each in value:
            yield from _of_input(named, each)
    elif isinstance(named, GraphQLEnumType):
        if named.name.endswith("OrderField") and (found := (ORDERS | RULED_ORDERS).get(value)) is not None:
            yield frozenset({found})
    elif isinstance(named, GraphQLInputObjectType) and isinstance(value, Mapping):
        for name, each in value.items():
            if not each:  # no condition, or none that is taken
                continue
            if named.name == "MetadataFilter":
                if name == "name" and value.get("value"):
                    yield from (frozenset({DECLARED[name]}) for name in [each] if name in DECLARED)
            elif name == "identifier" and named.name == "UserFilter":
                yield frozenset({Of.IDENTIFIER})
            elif name in FILTERED and name != "metadata":
                yield frozenset({FILTERED[name]})
            else:
                yield from _of_input(named.fields[name].type, each)


def _of_text(text: str, field_name: str) -> Iterator[frozenset[Of]]:
    for name in re.findall(r"([A-Za-z]\w*)(?:\.[\w.]+)?\s*(?:!=|[<>]=?|=|~)", text):
        if name in FILTERED:
            yield frozenset({FILTERED[name]})
        elif name == "identifier" and field_name == "users":
            yield frozenset({Of.IDENTIFIER})


@dataclass
class Expecting:
    """Makes of the twin's answer what a client with this grant may be answered."""

    asked: Asked
    grant: Grant
    pruned: set[tuple[str, ...]] = field(default_factory=set)
    """Where in the document fields are withheld, or refused, of some source or another."""

    @property
    def sources(self) -> Mapping[str, Any]:
        return self.grant.sources if self.grant.sources is not None else {}

    def refused(self) -> dict[str, frozenset[str]]:
        """By root field, the sources that cannot be gone by in the way that its arguments want."""
        kind, selections = self.asked.root
        found = {}
        for name, nodes in self.asked.fields(kind, selections).items():
            if nodes[0].name.value.startswith("__"):
                continue
            refusing = {key for key in self.sources if not self._may(kind, nodes[0], key)}
            if refusing:
                self.pruned.add((name,))
                found[name] = frozenset(refusing)
        return found

    def _may(self, kind: GraphQLObjectType, node: FieldNode, source: str) -> bool:
        access = self.grant.at(source)
        needs = self.asked.goes_by(kind, node)
        return all(not access.masked and not access.classes.isdisjoint(each) for each in needs)

    def of(self, data: Any) -> Any:
        kind, selections = self.asked.root
        return self._object(kind, selections, data, None, (), root=True)

    def _object(
        self, kind: Any, selections: Sequence[SelectionNode], value: Any, source: str | None, path: tuple[str, ...],
        root: bool = False,
    ) -> Any:  # fmt: skip
        if value is None:
            return None
        if TYPE in value and is_abstract_type(kind):
            kind = self.asked.schema.type_map[value[TYPE]]
        if ID in value and isinstance(value[ID], str):
            source = value[ID].split(":")[1] if value[ID].count(":") > 1 else source
        made = {}
        for name, nodes in self.asked.fields(kind, selections).items():
            if name not in value:
                continue
            node, here = nodes[0], (*path, name)
            if node.name.value == "__typename":
                made[name] = value[name]
                continue
            if not root and not self._granted(kind, node, source):
                self.pruned.add(here)
                made[name] = Withheld(there=value[name] is not None)
                continue
            if node.name.value in CAUTIOUS:
                made[name] = Either((value[name], CAUTIOUS[node.name.value]))
                continue
            if root and node.name.value == "viewer":
                made[name] = ANYTHING
                continue
            if node.name.value == "displayName" and not self._shows(Of.SENSITIVE, source):
                made[name] = ANYTHING
                continue
            below = [each for n in nodes if n.selection_set is not None for each in n.selection_set.selections]
            made[name] = self._value(kind.fields[node.name.value].type, below, value[name], source, here)
        return made

    def _shows(self, field_class: Of, source: str | None) -> bool:
        key = source or next(iter(self.sources), None)
        return key is None or self.grant.at(key).shows(field_class)

    def _granted(self, kind: GraphQLObjectType, node: FieldNode, source: str | None) -> bool:
        key = source or next(iter(self.sources), None)
        if key is None:
            return True
        allowed = self.grant.at(key).classes >= classes_of(kind, node, self.asked.variables)
        return allowed and self._may(kind, node, key)

    def _value(self, kind: Any, below: Any, value: Any, source: str | None, path: tuple[str, ...]) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return self._value(kind.of_type, below, value, source, path)
        if isinstance(kind, GraphQLList) and isinstance(value, list):
            return [self._value(kind.of_type, below, each, source, path) for each in value]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            return self._object(kind, below, value, source, path)
        return value


def classes_of(kind: GraphQLObjectType, node: FieldNode, variables: Mapping[str, Any]) -> frozenset[Of]:
    """All that must be granted for a field of a record."""
    name, said = node.name.value, arguments_of(node, variables)
    if name == "metadata" and "observedAt" in kind.fields:
        keys = said.get("keys") or ["note", *KEYS]
        return frozenset(KEYS.get(key, Of.RAW) for key in keys)
    if name == "metadataValue" and "observedAt" in kind.fields:
        return frozenset(DECLARED[each] for each in [said["name"]] if each in DECLARED)
    found = FIELDS.get(f"{kind.name}.{name}")
    return frozenset() if found is None else frozenset({found})


VARYING: Final = re.compile(r"[\w-]{24,}|[\d-]{10}T[\d:]{8}Z")
"""Cursors and versions; instants by our own clock."""

REFUSALS: Final = frozenset({"FORBIDDEN_FIELD", "FORBIDDEN_SCOPE"})


def differences(expected: Any, given: Any, errors: Collection[Mapping[str, Any]]) -> Iterator[str]:
    """Where a client was answered otherwise than it may be; only a refusal that is told may stand for a value."""
    refused = {_document_path(e["path"]) for e in errors if e.get("path") and _code(e) in REFUSALS}
    yield from _apart(expected, given, (), refused)


def _apart(expected: Any, given: Any, path: tuple[str | int, ...], refused: set[tuple[str, ...]]) -> Iterator[str]:
    if isinstance(expected, Withheld):
        if given is not None:
            yield f"{_said(path)}: withheld, yet {given!r}"
        elif expected.there and _document_path(path) not in refused:
            yield f"{_said(path)}: withheld, and no error says so"
    elif isinstance(expected, Either):
        if given not in expected.values:
            yield f"{_said(path)}: {given!r} in place of one of {expected.values!r}"
    elif isinstance(expected, dict) and isinstance(given, dict):
        for name in expected.keys() | given.keys():
            if name not in expected or name not in given:
                yield f"{_said((*path, name))}: only in {'what is given' if name in given else 'the twin'}"
            else:
                yield from _apart(expected[name], given[name], (*path, name), refused)
    elif isinstance(expected, list) and isinstance(given, list):
        if len(expected) != len(given):
            yield f"{_said(path)}: {len(given)} in place of {len(expected)}"
        for number, (one, other) in enumerate(zip(expected, given, strict=False)):
            yield from _apart(one, other, (*path, number), refused)
    elif expected is not ANYTHING and _alike(expected) != _alike(given):
        if given is None and any(_document_path(path)[: len(each)] == each for each in refused):
            return
        yield f"{_said(path)}: {given!r} in place of {expected!r}"


def _alike(value: Any) -> Any:
    """Without what differs from one reading to another: our own refusals are another server's in the twin."""
    if isinstance(value, str):
        return "FORBIDDEN" if value in (*REFUSALS, "UPSTREAM_FORBIDDEN") else VARYING.sub("…", value)
    return value


def errors_apart(
    twins: Collection[Mapping[str, Any]],
    given: Collection[Mapping[str, Any]],
    pruned: Collection[tuple[str, ...]],
    *,
    refusing: bool,
    masked: bool,
) -> Iterator[str]:
    """Errors that only one of the two tells, but for what stands at fields that are withheld, and below.

    refusing: a refusal may come sooner than what the twin tells in its place. masked: there may be none, since an id
    that was never shown is nobody's.
    """
    for one, other, whose in ((twins, given, "the twin"), (given, twins, "what is given")):
        known = {_told(each) for each in other}
        for each in one:
            path, code = _told(each)
            if (refusing if whose == "what is given" else masked) and code == "FORBIDDEN":
                continue
            if (path, code) not in known and not any(path[: len(at)] == at for at in pruned):
                yield f"{_said(path)}: {code} is told only by {whose}"


def _told(error: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    return _document_path(error.get("path") or ()), _alike(_code(error))


def _document_path(path: Iterable[str | int]) -> tuple[str, ...]:
    return tuple(each for each in path if isinstance(each, str))


def _said(path: Iterable[str | int]) -> str:
    return ".".join(map(str, path)) or "data"


def _code(error: Mapping[str, Any]) -> Any:
    return (error.get("extensions") or {}).get("code")
