"""Grades, year groups: as CEDS codes, and beside them as the source says."""

from typing import Any

from gateway.schema.fields import plain


def grades(whose: str, wire: str) -> Any:
    text = (
        f"Grades, year groups {whose}: as CEDS codes (IT, PR, PK, TK, KG, 01 to 13, PS, UG, Other) where the source's "
        "word is recognised, such as K, 1st, 9 or Grade 9; else that word. A bare number counts whatever the country: "
        "a British year 8 that is sent as 8 is 08, too."
    )
    return plain(text, wire)


def grades_raw(wire: str) -> Any:
    return plain("The source's own words for the grades.", wire)
