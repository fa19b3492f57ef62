"""ClassLink Roster Server: asked directly with OAuth 1.0a, or through ClassLink's proxy with a token of the console.

Data is 1.1, though single fields may come in 1.2's form; old servers have a pupil's grade in `metadata.grade`. What a
district does not share looks like an empty answer.
Docs: https://developer.classlink.com/reference/accessing-data
"""

import dataclasses

from adapters.dialect import BASE_PATH, Capabilities, Dialect, OAuth1, Op, Signature, StaticBearer, Version

DIRECT = Dialect(
    name="classlink",
    version=Version.V1P1,
    title="ClassLink Roster Server",
    docs="https://developer.classlink.com/reference/accessing-data",
    base_path=BASE_PATH[Version.V1P1],
    auth=OAuth1(signature=Signature.HMAC_SHA256),  # ClassLink's sample library; one client signs with SHA-1: unverified
    revision_header="x-perm-rev",  # one client reads a list anew when it changes between pages
    capabilities=Capabilities(
        max_limit=10_000,  # the largest in ClassLink's examples; above it a page is cut without a word
        # Equality on the record's own fields is all that public clients use; the rest is unverified.
        filter_clauses=1,
        filter_operators=frozenset({Op.EQ}),
        dotted_filters=False,
    ),
)

# The proxy signs the forwarded request; its token neither expires nor can be asked for, only copied from the console.
PROXY = dataclasses.replace(
    DIRECT,
    name="classlink-proxy",
    title="ClassLink OneRoster proxy",
    auth=StaticBearer(),
    # The server behind it writes the links, and knows its own name only.
    capabilities=dataclasses.replace(DIRECT.capabilities, foreign_links=True),
)
