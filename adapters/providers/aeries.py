"""Aeries, OneRoster 1.1. Limits, counts and filters other than by dateLastModified are the standard's, unverified.

Each security area (Schools, Student Data, …) is granted by itself: one that is missing breaks its collection only.
Docs: https://support.aeries.com/support/solutions/articles/14000065677-oneroster-api-authentication-process
"""

from adapters.dialect import (
    BASE_PATH,
    GRADEBOOK_SCOPES,
    ROSTER_SCOPES,
    Capabilities,
    Dialect,
    OAuth2,
    Service,
    Version,
    absent,
    lacks,
    scopes,
)

V1P1 = Dialect(
    name="aeries",
    version=Version.V1P1,
    title="Aeries",
    docs="https://support.aeries.com/support/solutions/articles/14000065677-oneroster-api-authentication-process",
    base_path=BASE_PATH[Version.V1P1],
    auth=OAuth2(
        gradebook_scopes=GRADEBOOK_SCOPES[Version.V1P1],
        scopes=scopes(Version.V1P1, *ROSTER_SCOPES),  # "Scopes MUST be included in the request"
        token_path="/token",
        keeps_cookies=True,  # servers are load-balanced: "the cookie(s) need to be saved for all subsequent calls"
    ),
    absent=absent(
        "the enrol_oneroster plugin for Moodle, list of endpoints that Aeries lacks",
        *("classesForSchool", "coursesForSchool", "termsForSchool"),
    ),
    without=lacks("Aeries support, OneRoster API authentication process: no resources service", Service.RESOURCES),
    capabilities=Capabilities(delta=True),  # filters by dateLastModified are documented
)
