"""`Kind`: all that tells one sandbox server from another. The kinds themselves are in `gateway.sandbox.kinds`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.sandbox.filters import STANDARD_GRAMMAR, Grammar
from gateway.sandbox.truth import District
from gateway.sandbox.wire import GRADEBOOK, Wire

COLLECTIONS: Final = frozenset(
    {
        "academicSessions", "terms", "gradingPeriods", "orgs", "schools", "courses", "classes", "enrollments", "users",
        "students", "teachers", "demographics",
    }
)  # fmt: skip
SINGLES: Final = frozenset(f"{name}/{{id}}" for name in COLLECTIONS)
# OneRoster 1.1 and 1.2 Rostering Service, the same 41 paths.
NESTED: Final = frozenset(
    {
        "schools/{id}/courses", "schools/{id}/classes", "schools/{id}/enrollments", "schools/{id}/students",
        "schools/{id}/teachers", "schools/{id}/terms", "schools/{id}/classes/{id}/enrollments",
        "schools/{id}/classes/{id}/students", "schools/{id}/classes/{id}/teachers", "terms/{id}/classes",
        "terms/{id}/gradingPeriods", "courses/{id}/classes", "classes/{id}/students", "classes/{id}/teachers",
        "students/{id}/classes", "teachers/{id}/classes", "users/{id}/classes",
    }
)  # fmt: skip
STANDARD_ROUTES: Final = COLLECTIONS | SINGLES | NESTED
# The gradebook of each version, without what writes; OneRoster 1.1 and OneRoster 1.2 Gradebook Service.
_BOOK_1_1: Final = ("categories", "lineItems", "results")
_BELOW_CLASS: Final = frozenset(
    {
        "classes/{id}/lineItems", "classes/{id}/results", "classes/{id}/lineItems/{id}/results",
        "classes/{id}/students/{id}/results",
    }
)  # fmt: skip
GRADEBOOK_1_1: Final = frozenset(_BOOK_1_1) | {f"{name}/{{id}}" for name in _BOOK_1_1} | _BELOW_CLASS
GRADEBOOK_1_2: Final = (
    GRADEBOOK
    | {f"{name}/{{id}}" for name in GRADEBOOK}
    | _BELOW_CLASS
    | {"classes/{id}/categories", "classes/{id}/scoreScales", "schools/{id}/scoreScales"}
)
RESOURCES_1_1: Final = frozenset({"resources", "resources/{id}", "classes/{id}/resources", "courses/{id}/resources"})
RESOURCES_1_2: Final = RESOURCES_1_1 | {"users/{id}/resources"}
ALL_1_1: Final = STANDARD_ROUTES | GRADEBOOK_1_1 | RESOURCES_1_1
ALL_1_2: Final = STANDARD_ROUTES | GRADEBOOK_1_2 | RESOURCES_1_2


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """OAuth 2 client credentials (RFC 6749 4.4) at `path`, and at `other_paths`.

    `basic`, `form`, `json`: where the client's id and secret may be. `scope`: `optional`, `required`, or `ignored`
    when what a client may read is decided elsewhere. `query`: what the token URL's own query must say. `cookie`: set
    by the token answer and demanded of every later request. `empty_body`: a POST without one is this grant.
    """

    path: str
    other_paths: tuple[str, ...] = ()
    basic: bool = True
    form: bool = True
    json: bool = False
    parameters_in_query: bool = False
    empty_body: bool = False
    scope: str = "optional"
    short_scopes: bool = False
    query: Mapping[str, str] = field(default_factory=dict)
    cookie: str | None = None
    token_type: str = "Bearer"


@dataclass(frozen=True, slots=True)
class OAuth1:
    """Two-legged OAuth 1.0a on every request (RFC 5849)."""

    methods: frozenset[str] = frozenset({"HMAC-SHA256", "HMAC-SHA1"})


@dataclass(frozen=True, slots=True)
class StaticBearer:
    """A token that is copied from a console; there is no token endpoint."""


Auth = ClientCredentials | OAuth1 | StaticBearer
Prepare = Callable[[District, str | None], District]
ExtraHeaders = Callable[[District, int, int], dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one product answers. The defaults are the standard's.

    `root` may hold `{app}`, the district's short name. `max_limit`: None is no maximum; more is
    clamped silently, or refused (`over_limit`).
    `default_limit` None: without `limit` all rows are sent. `body_totals`: `alpha` or `timeback`. `error`: the shape
    of a refusal. `slash`: collection paths end with one. `keys`: wrapper keys that differ. `bare`: singles without one.
    `prepare`: what this product knows of a district, given a school where it serves one. `gradebook_header`: must come
    with every request to the gradebook. `resources_below`: nested routes to resources begin with this word.
    """

    slug: str
    provider: str
    version: str
    root: str
    auth: Auth
    wire: Wire
    grammar: Grammar = STANDARD_GRAMMAR
    routes: frozenset[str] = STANDARD_ROUTES
    default_limit: int | None = 100
    max_limit: int | None = 1000
    over_limit: str = "clamp"
    max_url: int | None = None
    total_header: bool = True
    link: bool = True
    link_base: str | None = None
    headers: ExtraHeaders | None = None
    body_totals: str | None = None
    sorts: bool = True
    selects: bool = True
    searches: bool = False
    default_order: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    bare: frozenset[str] = frozenset()
    error: str = "imsx"
    refused_token: int = 401
    token_seconds: float = 3600
    client_id: str = "sandbox-client"
    slash: bool = False
    prepare: Prepare | None = None
    stray_teacher: bool = False
    gradebook_header: str | None = None
    resources_below: str | None = None
