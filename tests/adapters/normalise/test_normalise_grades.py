"""Grades as CEDS codes."""

from __future__ import annotations

import pytest

from adapters import registry
from adapters.dialect import Op, Version
from adapters.endpoints import Collection
from adapters.filter_text import read
from adapters.filtering import Pushed, pushdown
from adapters.normalise import names
from adapters.normalise.grades import Codes, ceds
from adapters.predicate import Compare, among, equals

CODES = ["IT", "PR", "PK", "TK", "KG", *(f"{n:02d}" for n in range(1, 14)), "PS", "UG", "Other"]


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_itself_whatever_the_case(code: str) -> None:
    assert ceds(code) == ceds(code.lower()) == ceds(f" {code} ") == code


@pytest.mark.parametrize(
    ("spelled", "code"),
    [
        ("K", "KG"),
        ("Kindergarten", "KG"),
        ("Pre-K", "PK"),
        ("prek", "PK"),
        ("PK3", "PK"),
        ("Pre-Kindergarten", "PK"),
        ("Transitional Kindergarten", "TK"),
        ("Preschool", "PR"),
        ("1", "01"),
        ("1st", "01"),
        ("2nd grade", "02"),
        ("3RD", "03"),
        ("Grade 9", "09"),
        ("grade-9", "09"),
        ("Gr. 10", "10"),
        ("G7", "07"),
        ("12th Grade", "12"),
        ("Fifth Grade", "05"),
        ("13", "13"),
        ("ungraded", "UG"),
        ("Post-secondary", "PS"),
    ],
)
def test_usual_spellings_are_recognised(spelled: str, code: str) -> None:
    assert ceds(spelled) == code


@pytest.mark.parametrize(
    "text",
    ["-1", "0", "00", "14", "20", "1-2", "09-12", "Year 9", "Y9", "Klasse 5", "", "9.5", "K-8", "0009", "1 2", "²"],
)
def test_what_is_not_recognised_stays_as_it_is(text: str) -> None:
    assert ceds(text) == text


def test_a_list_has_each_code_once_and_is_the_same_list_where_nothing_differs() -> None:
    codes = Codes()
    raw = ("09", "10")
    assert codes[raw] is raw
    assert codes["9", "09", "Grade 9", "Year 9"] == ("09", "Year 9")


@pytest.mark.parametrize("collection", [Collection.USERS, Collection.CLASSES, Collection.COURSES])
def test_grades_are_never_sent_in_a_filter(collection: Collection) -> None:
    for dialect in registry.dialects():
        for where in (equals("grades", "09"), among("grades", ["09", "10"]), Compare("grades", Op.CONTAINS, "09")):
            assert pushdown(dialect, collection, where) == Pushed(None, exact=False)


def test_filter_text_may_spell_a_grade_as_it_likes() -> None:
    assert names.record_field(Collection.USERS, "grades", Version.V1P1) == "grades"
    assert read(Collection.USERS, "grades='Grade 9'") == equals("grades", "09")
