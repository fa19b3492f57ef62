"""Groups: how many records of a whole list share which values; and the pages of those lists that can be grouped."""

from collections.abc import Callable
from typing import Annotated, Any

import strawberry

from adapters.records import Record, RecordType
from gateway.identity import global_id
from gateway.roster import reading
from gateway.roster.listing import List
from gateway.roster.reading import ClassGroupKey, EnrollmentGroupKey, UserGroupKey
from gateway.schema.connections import Connection
from gateway.schema.context import Info, place, reading_at
from gateway.schema.fields import annotated, computed, optional, over, plain
from gateway.schema.node import TYPE_NAMES
from gateway.schema.roster_object import RosterObject


def _value(root: reading.GroupKey) -> str | None:
    if root.kind is None or root.source is None or root.value is None:
        return root.value
    return global_id(TYPE_NAMES[root.kind], root.source, root.value)


async def _record(root: reading.GroupKey, info: Info) -> Record | None:
    if root.kind is None or root.source is None:
        return None
    return await reading_at(info).follow(place(info), root.kind, root.source, root.value)


@strawberry.type(description="One value that the records of a group share.")
class GroupKey:
    is_type_of = over(reading.GroupKey)

    name: str = plain("Which of the keys that were asked for.")
    value: str | None = computed(
        _value, "The value; where it is a record, that one's global id. null: they have none, or it is suppressed."
    )
    record: RosterObject | None = computed(_record, "The organisation, course, class or term that the value is.")


@strawberry.type(description="Records of a list that share values, counted.")
class Group:
    is_type_of = over(reading.Group)

    keys: list[GroupKey] = plain("What they share, in the order that was asked for.")
    count: int = plain("How many they are.")
    suppressed: bool = plain("True of the one group that stands for several which may not be told by themselves.")


_RULE = (
    "How many records of the whole list, over all of its sources, share which values; a record that has several "
    "values counts under each. In the order of the values, and at most 5,000 groups, else null and TOO_LONG. "
    "null when not every source in scope has told, as for totalCount."
)
_FEW = (
    "Groups of fewer than 10 people are suppressed: one group stands for all of them, with null for its values, last "
    "in the list. The next larger ones are in it too, until it holds 10 people of more than one group, so that no "
    "small one is what the others leave of the total. This guards a table that is shown on; who may list the people "
    "can count them anyway."
)


def _groups(keys: type[reading.GroupBy], text: str) -> Any:
    async def groups(root: List, by: Any) -> Any:
        return await root.groups(by)

    by = Annotated[list[keys], strawberry.argument(description="What to group by, at least one key.")]  # type: ignore[valid-type]
    resolver: Callable[..., Any] = annotated(groups, {"by": by})
    return strawberry.field(resolver=resolver, graphql_type=optional(list[Group]), description=text)


_PAGE = "ordered by source key, then by sourcedId, unless asked otherwise."


@strawberry.type(description=f"A page of classes: {_PAGE}")
class ClassConnection(Connection[Annotated["Class", strawberry.lazy("gateway.schema.classes")]]):  # type: ignore[name-defined]  # noqa: F821
    is_type_of = over(List)

    groups: list[Group] | None = _groups(ClassGroupKey, _RULE)


@strawberry.type(description=f"A page of people: {_PAGE}")
class UserConnection(Connection[Annotated["User", strawberry.lazy("gateway.schema.users")]]):  # type: ignore[name-defined]  # noqa: F821
    is_type_of = over(List)

    groups: list[Group] | None = _groups(UserGroupKey, f"{_RULE} {_FEW} ORG, ROLE and ROLE_GROUP are of one role.")


@strawberry.type(description=f"A page of enrollments: {_PAGE}")
class EnrollmentConnection(Connection[Annotated["Enrollment", strawberry.lazy("gateway.schema.enrollments")]]):  # type: ignore[name-defined]  # noqa: F821
    is_type_of = over(List)

    groups: list[Group] | None = _groups(EnrollmentGroupKey, f"{_RULE} {_FEW}")


CONNECTIONS = {
    RecordType.CLASS: ClassConnection,
    RecordType.USER: UserConnection,
    RecordType.ENROLLMENT: EnrollmentConnection,
}
"""The pages of the kinds of records that can be grouped."""
