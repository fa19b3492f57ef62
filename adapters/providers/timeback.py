"""TimeBack's OneRoster 1.2 service, behind AWS Cognito.

Docs: https://docs.timeback.com
"""

from types import MappingProxyType

from adapters.dialect import BASE_PATH, Capabilities, CredentialPlace, Dialect, OAuth2, Totals, Version

V1P2 = Dialect(
    name="timeback",
    version=Version.V1P2,
    title="TimeBack OneRoster",
    docs="https://docs.timeback.com",
    base_path=BASE_PATH[Version.V1P2],
    auth=OAuth2(credentials=CredentialPlace.BODY),  # id and secret in the form, no scope; the token host is another
    trailing_slash=True,
    paths=MappingProxyType(  # its OpenAPI
        {
            "resourcesForClass": "/resources/classes/{id}/resources",
            "resourcesForCourse": "/resources/courses/{id}/resources",
            "resourcesForUser": "/resources/users/{id}/resources",
        }
    ),
    capabilities=Capabilities(
        max_limit=3000,  # "a maximum of 3000 items per page"
        totals=Totals.BODY,
        dotted_filters=False,  # "nested relations not supported"; some clients use them: unverified
        in_operator=True,  # `sourcedId@'a,b'`
        # A date and time there, and so no date is equal to it.
        unfilterable=MappingProxyType(dict.fromkeys(("results", "assessmentResults"), frozenset({"scoreDate"}))),
    ),
)
