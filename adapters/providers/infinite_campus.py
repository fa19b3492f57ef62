"""Infinite Campus, OneRoster 1.1 and 1.2 over OAuth 2.

The token URL carries `?appName=` and cannot be derived from the base URL. In 1.1 each role of a person is a user of
its own; in 1.2 people are one record, and metadata names the id they had before.
Docs: https://kb.infinitecampus.com/help/guidelines-for-oneroster-api-consumers
"""

import dataclasses
from types import MappingProxyType

from adapters.dialect import BASE_PATH, WEEKDAYS, Capabilities, Dialect, Hours, OAuth2, Pace, Service, Version, lacks

_DOCS = "https://kb.infinitecampus.com/help/guidelines-for-oneroster-api-consumers"

# What a connection may read is its "Data to Share" setting, so no scope is asked for. A stale token is answered by
# 403 as well as 401 (public client for Infinite Campus 1.2). One client returns the cookies of the token answer in
# every request; whether they are needed is unverified, keeping them harms nothing.
_AUTH = OAuth2(keeps_cookies=True, renew_on=frozenset({401, 403}))

_CAPABILITIES = Capabilities(
    max_limit=50_000,  # raised from 10,000 in release Campus.1645; unverified for today's
    max_concurrency=5,  # "no more than 5 concurrent requests during off-peak hours" (same guidelines)
    or_filters=False,  # no evidence either way: unverified
    dotted_filters=frozenset({"school.sourcedId"}),  # the one path that public clients use; others unverified
    delta=True,  # "differential" requests by dateLastModified (same guidelines)
)

# One request after another in peak hours (same guidelines); that these are a school day with a margin is our reading.
_PACE = Pace(peak=(Hours(WEEKDAYS, 7 * 60, 16 * 60),), peak_concurrency=1)

# The gradebook wants a vendor's key and secret in `x-vendor-authorization` beside the token, which is not sent yet.
_WITHOUT = lacks("Infinite Campus, Connecting to OneRoster Grade Book Endpoints: vendor header", Service.GRADEBOOK)

V1P1 = Dialect(
    name="infinite-campus",
    version=Version.V1P1,
    title="Infinite Campus",
    docs=_DOCS,
    base_path=BASE_PATH[Version.V1P1],
    auth=_AUTH,
    without=_WITHOUT,
    pace=_PACE,
    capabilities=_CAPABILITIES,
)

V1P2 = Dialect(
    name="infinite-campus",
    version=Version.V1P2,
    title="Infinite Campus",
    docs=_DOCS,
    base_path=BASE_PATH[Version.V1P2],
    auth=_AUTH,
    without=_WITHOUT,
    pace=_PACE,
    # The id of 1.1 without the letter of its role: knowledge base, "OneRoster - What's new in 1.2". A plus sign follows
    # the letter in real ids (vendor help page).
    former_id_metadata="ic.legacysourceId",
    former_id_prefix=r"[a-z]\+?",
    capabilities=dataclasses.replace(
        _CAPABILITIES,
        # Roles of users are refused (invalid_filter_field); /students and /teachers serve instead (public clients).
        unfilterable=MappingProxyType({"users": frozenset({"roles.role"})}),
    ),
)
