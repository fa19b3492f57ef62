"""Any server that keeps to OneRoster, as the standard words it. Every other dialect is compared with this one.

The standard names no largest page; 1,000 is asked for, and a server that clamps it is followed by what it sends.
Docs: https://www.imsglobal.org/spec/oneroster/v1p2 and https://www.imsglobal.org/oneroster-v11-final-specification
"""

from adapters.dialect import (
    BASE_PATH,
    GRADEBOOK_SCOPES,
    RESOURCE_SCOPES,
    ROSTER_SCOPES,
    Dialect,
    OAuth2,
    Version,
    scopes,
)

V1P1 = Dialect(
    name="standard",
    version=Version.V1P1,
    title="OneRoster 1.1",
    docs="https://www.imsglobal.org/oneroster-v11-final-specification",
    base_path=BASE_PATH[Version.V1P1],
    auth=OAuth2(
        scopes=scopes(Version.V1P1, *ROSTER_SCOPES),
        gradebook_scopes=GRADEBOOK_SCOPES[Version.V1P1],
        resource_scopes=RESOURCE_SCOPES[Version.V1P1],
    ),
)

V1P2 = Dialect(
    name="standard",
    version=Version.V1P2,
    title="OneRoster 1.2",
    docs="https://www.imsglobal.org/spec/oneroster/v1p2",
    base_path=BASE_PATH[Version.V1P2],
    auth=OAuth2(
        scopes=scopes(Version.V1P2, *ROSTER_SCOPES),
        gradebook_scopes=GRADEBOOK_SCOPES[Version.V1P2],
        resource_scopes=RESOURCE_SCOPES[Version.V1P2],
    ),
)
