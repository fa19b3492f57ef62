"""What lists of records may be asked: their arguments, by the kind of record, and what these come to."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import strawberry

from adapters.dialect import Op
from adapters.endpoints import COLLECTIONS
from adapters.filter_text import FilterSyntaxError, read
from adapters.predicate import Compare, Open, Predicate, alternatives, conditions, conjunction
from adapters.records import RecordType
from gateway.faults import BadInput, ErrorCode
from gateway.roster.listing import Extent
from gateway.roster.reading import InEffect, Order
from gateway.schema.arguments import (
    ACTIVE,
    DEFAULT_FIRST,
    After,
    Before,
    EffectiveOn,
    First,
    Last,
    Status,
    given,
    one_of,
    page_size,
)
from gateway.schema.fields import optional
from gateway.schema.filters import (
    AcademicSessionFilter,
    ClassFilter,
    CourseFilter,
    EnrollmentFilter,
    OrgFilter,
    UserFilter,
)
from gateway.schema.gradebook_filters import (
    AssessmentLineItemFilter,
    AssessmentResultFilter,
    CategoryFilter,
    DemographicsFilter,
    LineItemFilter,
    ResourceFilter,
    ResultFilter,
    ScoreScaleFilter,
)
from gateway.schema.orders import ORDERS, order_of
from gateway.schema.predicates import by_line_item, names_some
from gateway.schema.translation import predicate_of

MOST_CONDITIONS = 100
"""By which a list is sought or ordered: each is held against every record, and none costs a node of the answer."""


@dataclass(frozen=True, slots=True)
class Listed:
    """searched: the fields that `search` looks at; none: it cannot be searched. dated: it is in effect on some days.

    narrowed: the references of which a list over sources must name records; none: it may be asked for whole.
    meant: what a condition on its records comes to, where that is more than it says.
    """

    filter: type
    searched: tuple[str, ...] = ()
    dated: bool = False
    narrowed: tuple[str, ...] = ()
    meant: Callable[[Predicate | None], Predicate | None] = lambda where: where


LISTED: Mapping[RecordType, Listed] = {
    RecordType.ORG: Listed(OrgFilter, ("name", "identifier")),
    RecordType.ACADEMIC_SESSION: Listed(AcademicSessionFilter, dated=True),
    RecordType.COURSE: Listed(CourseFilter, ("title", "course_code")),
    RecordType.CLASS: Listed(ClassFilter, ("title", "class_code"), dated=True),
    RecordType.USER: Listed(UserFilter, ("given_name", "middle_name", "family_name")),
    RecordType.ENROLLMENT: Listed(EnrollmentFilter, dated=True),
    RecordType.DEMOGRAPHICS: Listed(DemographicsFilter),
    RecordType.CATEGORY: Listed(CategoryFilter, ("title",)),
    RecordType.LINE_ITEM: Listed(LineItemFilter, ("title", "description")),
    RecordType.RESULT: Listed(ResultFilter, narrowed=("class_id", "student_id", "line_item_id"), meant=by_line_item),
    RecordType.SCORE_SCALE: Listed(ScoreScaleFilter, ("title",)),
    RecordType.RESOURCE: Listed(ResourceFilter, ("title",)),
    RecordType.ASSESSMENT_LINE_ITEM: Listed(AssessmentLineItemFilter, ("title", "description")),
    RecordType.ASSESSMENT_RESULT: Listed(AssessmentResultFilter, narrowed=("student_id", "assessment_line_item_id")),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the arguments of a list come to, but for those of its pages."""

    where: Predicate | None
    order: Order


Argument = tuple[str, Any, Any]
"""Name in Python, annotation, default."""


def arguments(kind: RecordType) -> list[Argument]:
    """Those of every list of the kind."""
    listed = LISTED[kind]
    found: list[Argument] = [
        ("filter_", _argument(listed.filter, "Only records that satisfy this.", "filter"), strawberry.UNSET)
    ]
    if listed.dated:
        found.append(("effective_on", EffectiveOn, strawberry.UNSET))
    keys = optional(list[ORDERS[kind]])  # type: ignore[valid-type]
    text = "By what to order (sort), the first key first; absent: by source key, then sourcedId."
    return [
        *found,
        ("status", Status, ACTIVE),
        ("order_by", Annotated[keys, strawberry.argument(description=text)], strawberry.UNSET),
        ("first", First, DEFAULT_FIRST),
        ("after", After, strawberry.UNSET),
        ("last", Last, strawberry.UNSET),
        ("before", Before, strawberry.UNSET),
    ]


def root_arguments(kind: RecordType) -> list[Argument]:
    """Those that only a list over sources has."""
    text = (
        "Only records that satisfy this too, in OneRoster's own grammar and words of either version, such as "
        "`familyName='Smith' AND role='student'`; AND binds tighter than OR. Fields obey the classes that they "
        "have in records."
    )
    found: list[Argument] = [("filter_text", _argument(str, text), strawberry.UNSET)]
    if searched := LISTED[kind].searched:
        words = ", ".join(f"`{_camel(field)}`" for field in searched)
        text = f"Only records that have each of these words in one of {words}, whatever the case."
        found.append(("search", _argument(str, text), strawberry.UNSET))
    return found


def required_filter(kind: RecordType) -> Argument | None:
    """The filter that a list over sources cannot do without; None where it can."""
    listed = LISTED[kind]
    if not listed.narrowed:
        return None
    text = f"Only records that satisfy this. It must name {_narrowing(listed)}, or it is answered TOO_BROAD."
    return ("filter_", _argument(listed.filter, text, "filter", required=True), strawberry.UNSET)


def check_narrow(kind: RecordType, where: Predicate | None) -> None:
    """Holds a list over sources to what a source can answer.

    Raises:
        BadInput: it would be all that there is.
    """
    listed = LISTED[kind]
    if listed.narrowed and not names_some(where, listed.narrowed):
        message = f"filter: all {_camel(kind.value.lower())}s of a source are too many; name {_narrowing(listed)}"
        raise BadInput(message, ErrorCode.TOO_BROAD)


def _narrowing(listed: Listed) -> str:
    fields = ", ".join(f"`{_camel(field.removesuffix('_id'))}`" for field in listed.narrowed)
    return f"one of {fields}, `sourcedId`, or a `dateLastModified` from which on"


def asked(kind: RecordType, said: Mapping[str, Any]) -> Asked:
    """What the arguments that were given ask for.

    Raises:
        BadInput: one cannot be meant.
    """
    on, order = given(said.get("effective_on")), order_of(given(said.get("order_by")))
    sought = conjunction(
        predicate_of(said.get("filter_")),
        _by_text(kind, given(said.get("filter_text"))),
        _by_words(LISTED[kind].searched, given(said.get("search"))),
    )
    _check_few(max(conditions(sought), len(order)))
    where = conjunction(
        sought, Open(InEffect(kind, on)) if on is not None else None, one_of("status", said.get("status"))
    )
    return Asked(LISTED[kind].meant(where), order)


def extent(said: Mapping[str, Any]) -> Extent:
    """Which part of a list: first and after, or last and before.

    Raises:
        BadInput: some of both, or out of bounds.
    """
    first, last = said.get("first"), given(said.get("last"))
    after, before = given(said.get("after")), given(said.get("before"))
    if last is None:
        if before is not None:
            raise BadInput("before: goes with `last`; to go forward, ask with `first` and `after`")
        return Extent(size=page_size(first, "first"), cursor=after)
    if first not in (None, DEFAULT_FIRST) or after is not None:
        raise BadInput("last: goes with `before` alone; ask with either `first` and `after`, or `last` and `before`")
    return Extent(size=page_size(last, "last"), cursor=before, backwards=True)


def resolver(resolve: Callable[..., Any], found: list[Argument]) -> Callable[..., Any]:
    """`resolve`, which takes as keywords those of its arguments that are said, with these arguments in the graph.

    What is not said has the default that the graph tells of, or none.
    """
    keyword, others = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD
    own = [p for p in inspect.signature(resolve).parameters.values() if p.kind is not others]
    added = [inspect.Parameter(name, keyword, annotation=kind, default=default) for name, kind, default in found]
    resolve.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]
    resolve.__annotations__ = {p.name: p.annotation for p in (*own, *added)}
    return resolve


def _check_few(count: int) -> None:
    if count > MOST_CONDITIONS:
        raise BadInput(f"a list is sought or ordered by {MOST_CONDITIONS} conditions at most, not {count:,}")


def _by_text(kind: RecordType, text: str | None) -> Predicate | None:
    if text is None:
        return None
    try:
        return read(COLLECTIONS[kind], text)
    except FilterSyntaxError as error:
        raise BadInput(f"filterText: {error}", ErrorCode.BAD_FILTER_TEXT) from None


def _by_words(fields: tuple[str, ...], text: str | None) -> Predicate | None:
    if text is None:
        return None
    words = text.split()
    if not words:
        raise BadInput("search: there is no word to look for; leave it out to ask for nothing")
    _check_few(len(words) * len(fields))
    return conjunction(
        *(alternatives(Compare(field, Op.CONTAINS, word) for field in fields) for word in dict.fromkeys(words))
    )


def _argument(kind: Any, text: str, name: str | None = None, *, required: bool = False) -> Any:
    return Annotated[kind if required else optional(kind), strawberry.argument(name=name, description=text)]


def _camel(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(map(str.capitalize, rest))
