"""Xporter by Groupcall: OneRoster 1.1 for one school by the key of that school, and an older API for many.

Both serve six collections and nothing else. A request without `limit` is answered with everything.
Docs: https://xporterdocs.groupcall.com/docs/OneRoster/ and https://docs.xporter.com/docs/OneRoster
"""

from types import MappingProxyType

from adapters.dialect import (
    Capabilities,
    Dialect,
    FilterLevel,
    OAuth2,
    Op,
    ParameterPlace,
    Service,
    Totals,
    Version,
    absent,
    lacks,
)

_OTHER_COLLECTIONS = ("students", "teachers", "schools", "terms", "gradingPeriods", "demographics")
_OTHER_SERVICES = (Service.GRADEBOOK, Service.RESOURCES)
_ENDPOINTS = "Xporter documentation, OneRoster, 'Available endpoints'"
_GENERIC_ENDPOINTS = "Xporter documentation, OneRoster (generic API), list of endpoints"

SCHOOL = Dialect(
    name="xporter",
    version=Version.V1P1,
    title="Xporter, one school",
    docs="https://xporterdocs.groupcall.com/docs/OneRoster/",
    base_path="/ims/oneroster/v1p1/school",
    auth=OAuth2(parameters=ParameterPlace.NONE, token_path="/ims/oneroster/v1p1/school/auth/token"),
    and_word="and",
    absent=absent(_ENDPOINTS, *_OTHER_COLLECTIONS),
    without=lacks(_ENDPOINTS, *_OTHER_SERVICES),
    capabilities=Capabilities(
        max_limit=5000,  # no maximum is documented; this is the most that is ever asked for
        all_without_limit=True,
        totals=Totals.NONE,  # none is mentioned: unverified
        filter_operators=frozenset(Op) - {Op.CONTAINS},
        or_filters=False,  # only `and` is shown: unverified
        dotted_filters=frozenset({"class.sourcedId", "school.sourcedId", "user.sourcedId"}),
        single_reads=False,
        nested_reads=False,
    ),
)

GENERIC = Dialect(
    name="xporter-generic",
    version=Version.V1P1,
    title="Xporter",
    docs="https://docs.xporter.com/docs/OneRoster",
    base_path="/ims/oneroster/v1p1",
    auth=OAuth2(parameters=ParameterPlace.NONE, token_path="/ims/oneroster/v1p1/token"),
    absent=absent(_GENERIC_ENDPOINTS, *_OTHER_COLLECTIONS),
    without=lacks(_GENERIC_ENDPOINTS, *_OTHER_SERVICES),
    capabilities=Capabilities(
        max_limit=5000,
        all_without_limit=True,
        totals=Totals.NONE,
        sort=False,  # accepted, without effect
        filter_level=FilterLevel.STATUS,
        filter_operators=frozenset({Op.EQ}),
        unfilterable=MappingProxyType({"enrollments": frozenset({"*"})}),  # "ignores this filter entirely"
        single_reads=False,
        nested_reads=False,
    ),
)
