"""PowerSchool, OneRoster 1.1. Only the token exchange is known; the rest is the standard, unverified.

Data and token are on different hosts; both addresses come from the district. Ids may begin or end in a blank: they
are kept as sent, for a path needs them so. PowerQueries that look like OneRoster are not this.
Docs: https://docs.powerschool.com/UCHA/system-administration/integrations/oneroster
"""

from adapters.dialect import BASE_PATH, CredentialPlace, Dialect, OAuth2, Version

V1P1 = Dialect(
    name="powerschool",
    version=Version.V1P1,
    title="PowerSchool",
    docs="https://docs.powerschool.com/UCHA/system-administration/integrations/oneroster",
    base_path=BASE_PATH[Version.V1P1],
    auth=OAuth2(credentials=CredentialPlace.BODY),  # key and secret in the form, no scope
)
