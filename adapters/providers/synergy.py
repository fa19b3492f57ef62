"""Edupoint Synergy, OneRoster 1.1 and 1.2. Only the token exchange is known; the rest is the standard, unverified.

Parameters of the token request must stand in a form body (public OneRoster client for Synergy).
Docs: https://ed.link/docs/providers/synergy/connecting (what a district hands out)
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

_DOCS = "https://ed.link/docs/providers/synergy/connecting"

V1P1 = Dialect(
    name="synergy",
    version=Version.V1P1,
    title="Edupoint Synergy",
    docs=_DOCS,
    base_path=BASE_PATH[Version.V1P1],
    auth=OAuth2(
        scopes=scopes(Version.V1P1, *ROSTER_SCOPES),
        gradebook_scopes=GRADEBOOK_SCOPES[Version.V1P1],
        resource_scopes=RESOURCE_SCOPES[Version.V1P1],
    ),
)

V1P2 = Dialect(
    name="synergy",
    version=Version.V1P2,
    title="Edupoint Synergy",
    docs=_DOCS,
    base_path=BASE_PATH[Version.V1P2],
    auth=OAuth2(
        scopes=scopes(Version.V1P2, *ROSTER_SCOPES),
        gradebook_scopes=GRADEBOOK_SCOPES[Version.V1P2],
        resource_scopes=RESOURCE_SCOPES[Version.V1P2],
    ),
)
