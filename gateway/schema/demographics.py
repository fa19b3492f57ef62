"""Demographics of people: sensitive, and often not shared at all."""

import strawberry

from adapters import records
from gateway.schema.enums import RecordType, Sex
from gateway.schema.fields import over, plain
from gateway.schema.relations import to_one
from gateway.schema.roster_object import RosterObject
from gateway.schema.scalars import Date


@strawberry.type(
    description="Birth, sex and ethnicity of one person; its sourcedId is the user's. OneRoster: `/demographics`."
)
class Demographics(RosterObject):
    is_type_of = over(records.Demographics)

    birth_date: Date | None = plain("Date of birth.", "demographics.birthDate")
    sex: Sex | None = plain("Sex (gender) as recorded.", "demographics.sex")
    sex_raw: str | None = plain("The source's own word for the sex.", "demographics.sex")
    american_indian_or_alaska_native: bool | None = plain(
        "Reported as American Indian or Alaska Native.", "demographics.americanIndianOrAlaskaNative"
    )
    asian: bool | None = plain("Reported as Asian.", "demographics.asian")
    black_or_african_american: bool | None = plain(
        "Reported as Black or African American.", "demographics.blackOrAfricanAmerican"
    )
    native_hawaiian_or_other_pacific_islander: bool | None = plain(
        "Reported as Native Hawaiian or other Pacific Islander.", "demographics.nativeHawaiianOrOtherPacificIslander"
    )
    white: bool | None = plain("Reported as White.", "demographics.white")
    demographic_race_two_or_more_races: bool | None = plain(
        "Reported as of two or more races.", "demographics.demographicRaceTwoOrMoreRaces"
    )
    hispanic_or_latino_ethnicity: bool | None = plain(
        "Reported as Hispanic or Latino.", "demographics.hispanicOrLatinoEthnicity"
    )
    country_of_birth_code: str | None = plain("Country of birth, as a code.", "demographics.countryOfBirthCode")
    state_of_birth_abbreviation: str | None = plain(
        "State of birth, abbreviated.", "demographics.stateOfBirthAbbreviation"
    )
    city_of_birth: str | None = plain("City of birth.", "demographics.cityOfBirth")
    public_school_residence_status: str | None = plain(
        "Whether the person lives in the district, as a code.", "demographics.publicSchoolResidenceStatus"
    )
    user = to_one(RecordType.USER, "sourced_id", "Whose they are.", "demographics.sourcedId")
