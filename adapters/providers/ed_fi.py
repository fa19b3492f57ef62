"""The open-source OneRoster 1.2 bridge of the Ed-Fi Alliance and 1EdTech; its source is the authority here.

The token comes from the Ed-Fi API. Everything is `active`: what was deleted is simply no longer there. A student of
two schools is two users.
Docs: https://github.com/Ed-Fi-Alliance-OSS/edfi-oneroster
"""

from types import MappingProxyType

from adapters.dialect import BASE_PATH, Capabilities, Dialect, OAuth2, Pace, Service, Totals, Version, lacks, scopes

V1P2 = Dialect(
    name="ed-fi",
    version=Version.V1P2,
    title="Ed-Fi OneRoster",
    docs="https://github.com/Ed-Fi-Alliance-OSS/edfi-oneroster",
    base_path=BASE_PATH[Version.V1P2],
    auth=OAuth2(scopes=scopes(Version.V1P2, "roster.readonly", "roster-demographics.readonly")),
    # Its default, counted by the address that asks, whatever tenants it asks for; the operator may change it.
    without=lacks("Ed-Fi OneRoster, README: rostering alone", Service.GRADEBOOK, Service.RESOURCES),
    pace=Pace(requests_per_minute_per_host=100),
    capabilities=Capabilities(
        max_limit=500,  # unless the operator raised it, up to 10,000; above it a page is cut without a word
        totals=Totals.NONE,
        filter_clauses=20,
        dotted_filters=False,
        unfilterable=MappingProxyType(
            {
                "users": frozenset({"phone", "pronouns", "sms", "userMasterIdentifier"}),
                "demographics": frozenset({"publicSchoolResidenceStatus"}),
            }
        ),
        nested_reads=False,
    ),
)
