"""The standard itself, OneRoster 1.1 and 1.2, with the limits that implementations put on it.

Checked: paths, wrapper keys, scopes, X-Total-Count and Link, error bodies (official 1.2 OpenAPI files; OneRoster 1.1
tables). Two filter clauses at most: enforced by independent implementations of both versions. The page maximum of 1,000
is ours: the standard sets none.
"""

from gateway.sandbox.filters import Grammar
from gateway.sandbox.kind import ALL_1_1, ALL_1_2, ClientCredentials, Kind
from gateway.sandbox.wire import ROLES_1_1, Wire

TOKEN = ClientCredentials("/oauth2/token")

V1P1 = Kind(
    slug="standard-1.1",
    provider="standard",
    version="1.1",
    root="/ims/oneroster/v1p1",
    auth=TOKEN,
    # 1.1 describes booleans as booleans (its OpenAPI); implementations send both.
    wire=Wire("1.1", roles=ROLES_1_1, text_booleans=False),
    routes=ALL_1_1,
    error="statusInfoSet",
)

V1P2 = Kind(
    slug="standard-1.2",
    provider="standard",
    version="1.2",
    root="/ims/oneroster/rostering/v1p2",
    auth=TOKEN,
    wire=Wire("1.2"),
    routes=ALL_1_2,
)

WIDE = Kind(
    slug="wide",
    provider="standard",
    version="1.2",
    root="/ims/oneroster/rostering/v1p2",
    auth=TOKEN,
    wire=Wire("1.2"),
    routes=ALL_1_2,
    grammar=Grammar(clauses=100),
    max_url=8000,
)
