"""Skyward SMS 2.0 and Qmlativ, OneRoster 1.1. Slow and careful: little beyond plain collections is known to work.

Newer Qmlativ is said to serve 1.2; no description of it was found, so `standard` 1.2 is the dialect to try there.
Docs: https://help.otus.com/en/articles/4231146-skyward-api-configuration (how a district hands out access)
"""

from adapters.dialect import (
    BASE_PATH,
    GRADEBOOK_SCOPES,
    RESOURCE_SCOPES,
    Capabilities,
    Dialect,
    FilterLevel,
    OAuth2,
    Op,
    Totals,
    Version,
    scopes,
)

V1P1 = Dialect(
    name="skyward",
    version=Version.V1P1,
    title="Skyward SMS 2.0 and Qmlativ",
    docs="https://help.otus.com/en/articles/4231146-skyward-api-configuration",
    base_path=BASE_PATH[Version.V1P1],
    auth=OAuth2(
        scopes=scopes(Version.V1P1, "roster.readonly", "roster-demographics.readonly"),
        gradebook_scopes=GRADEBOOK_SCOPES[Version.V1P1],  # the standard's, as for resources: unverified
        resource_scopes=RESOURCE_SCOPES[Version.V1P1],
        renew_on=frozenset({401, 500}),  # a token that is no longer good is answered by 500 (public connector)
    ),
    capabilities=Capabilities(
        max_limit=1000,  # one importer asks 5,000 of most collections and 1,000 of some
        totals=Totals.NONE,  # no client relies on counts: unverified
        sort=False,  # unverified
        filter_level=FilterLevel.STATUS,  # status='active' is the one filter that importers kept
        filter_operators=frozenset({Op.EQ}),
        max_concurrency=4,  # clients wait up to 15 minutes for a page; 4 is our own caution
    ),
)
