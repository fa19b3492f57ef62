"""People by what tells them apart, over sources: `usersByIdentity`."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import strawberry

from adapters.predicate import Open, Predicate, Some, conjunction, equals, folded
from adapters.records import RecordType
from gateway.faults import BadInput
from gateway.roster.listing import ListQuery, come, listed
from gateway.roster.reading import Alike, Reach, ReadOptions
from gateway.schema.arguments import SourceNames, given, one_of
from gateway.schema.context import Info, below, place
from gateway.schema.fields import described, optional
from gateway.schema.foresight import below_list
from gateway.schema.listed import arguments, extent, resolver
from gateway.schema.reading_options import Read, options
from gateway.schema.relations import connection_of
from gateway.schema.roots import Root

MEANS = "means"


def _alternative(means: Callable[[Any], Predicate | None], attribute: str, text: str, *wire: str) -> Any:
    metadata = {MEANS: means, "attribute": attribute}
    return strawberry.field(default=strawberry.UNSET, description=described(text, *wire), metadata=metadata)


def _has(field: str) -> Callable[[str], Predicate]:
    return lambda value: Open(Alike(field, value))


@strawberry.input(description="An id of a person in some other system.")
class UserIdInput:
    type: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=described("Which system or kind of id; null or absent: any.", "user.userIds.type"),
    )
    identifier: str = strawberry.field(description=described("The id there.", "user.userIds.identifier"))


def _elsewhere(asked: UserIdInput) -> Predicate | None:
    kind = given(asked.type)
    told = conjunction(
        equals(folded("identifier"), asked.identifier.casefold()),
        equals(folded("type"), kind.casefold()) if kind is not None else None,
    )
    return conjunction(Open(Alike("user_ids.identifier", asked.identifier)), Some("user_ids", told))


@strawberry.input(
    one_of=True,
    description="By what a person is looked for: exactly one of these. Case does not count in any of them.",
)
class IdentityInput:
    email: str | None = _alternative(
        _has("email"), "email", "E-mail address. Members of a family may share one.", "user.email"
    )
    username: str | None = _alternative(_has("username"), "username", "Name to sign in with, login.", "user.username")
    user_master_identifier: str | None = _alternative(
        _has("user_master_identifier"),
        "user_master_identifier",
        "Id of the person over all systems of the district.",
        "user.userMasterIdentifier",
    )
    identifier: str | None = _alternative(
        _has("identifier"), "identifier", "Student or staff number.", "user.identifier"
    )
    user_id: UserIdInput | None = _alternative(
        _elsewhere, "user_ids", "Id of the person in some other system.", "user.userIds"
    )


Identity = Annotated[
    IdentityInput, strawberry.argument(description="By what to look; exactly one field of it is given.")
]


def users_by_identity() -> Any:
    """The people of one identity, page by page."""

    async def page(info: Info, **said: Any) -> Any:
        names = given(said.get("sources"))
        query = ListQuery(
            kind=RecordType.USER,
            sources=names,
            where=conjunction(_predicate(said["identity"]), one_of("status", said["status"])),
            read=_unless_chosen(options(said.get("read")), names),
            everywhere=True,
            pinned="snapshot" in below_list(info, RecordType.USER).fields,
        )
        found = await come(listed(info.context.reading, place(info), query, extent(said)))
        below(info, found.reading)
        return found

    taken = [a for a in arguments(RecordType.USER) if a[0] in ("status", "first", "after", "last", "before")]
    identity, sources = ("identity", Identity, inspect.Parameter.empty), ("sources", SourceNames, strawberry.UNSET)
    return strawberry.field(
        resolver=resolver(page, [identity, sources, *taken, ("read", Read, strawberry.UNSET)]),
        graphql_type=optional(connection_of(RecordType.USER)),
        description=described(
            "People by e-mail address, username, id or number, over sources: sign-in, single sign-on, matching of "
            "accounts. Answered from what is held, and no source is asked, unless `sources` or `read` chooses sources "
            "or its reach is UPSTREAM. Of people who are held, all are found whatever the case; a source that is asked "
            "for them by a filter may compare exactly, so there what is spelled otherwise than given or in lower case "
            "may be missed.",
            "/users",
        ),
        metadata={"root": Root(RecordType.USER, many=True)},
    )


def _predicate(identity: IdentityInput) -> Predicate | None:
    """Raises:
    BadInput: what is looked for is empty.
    """
    for field in identity.__strawberry_definition__.fields:  # type: ignore[attr-defined]
        value = getattr(identity, field.python_name)
        if value is strawberry.UNSET:
            continue
        text = value.identifier if isinstance(value, UserIdInput) else value
        if not text.strip():
            raise BadInput("identity: there is nothing to look for")
        found: Predicate | None = field.metadata[MEANS](value)
        return found
    raise AssertionError("GraphQL has seen to it that one is given")


def _unless_chosen(read: ReadOptions, names: object) -> ReadOptions:
    """By itself nobody's server is asked who somebody is."""
    chosen = any(c is not None for c in (names, read.labels, read.districts, read.providers))
    return replace(read, reach=Reach.HELD) if read.reach is Reach.AUTO and not chosen else read
