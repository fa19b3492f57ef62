"""Grades as CEDS codes, from what sources write: K, Kindergarten, 1, 1st and "Grade 9" among them.

What is not recognised stays as it is, as do the words of other countries: "Year 9" is no ninth grade. A bare number
says nothing of its country and counts as a grade.
Source: CEDS, Entry Grade Level; OneRoster 1.1 and 1.2, `grades`, which recommends it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from sys import intern

from adapters.normalise.vocabulary import fold

_REMEMBERED = 1000

_WORDS = {
    "IT": ("it", "infant", "toddler", "infant/toddler"),
    "PR": ("pr", "preschool"),
    "PK": ("pk", "prek", "prekindergarten", "prekinder", "pk3", "pk4", "prek3", "prek4"),
    "TK": ("tk", "transitionalkindergarten"),
    "KG": ("kg", "k", "kindergarten", "kinder", "gradek"),
    "PS": ("ps", "postsecondary"),
    "UG": ("ug", "ungraded"),
    "Other": ("other",),
}
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth"),
    *("seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"),
)

_CODES = {word: code for code, words in _WORDS.items() for word in words} | {
    f"{word}{grade}": f"{number:02d}" for number, word in enumerate(_ORDINALS, 1) for grade in ("", "grade")
}
"""By words without case, blanks and dashes."""

# A sign in front, and a dash between numbers, mean something else: -1 is no first grade, 1-2 no twelfth.
_NUMBER = re.compile(
    r"(?:(?:grade|gr\.?|g)(?:[\s_]*|-))?0?([0-9]{1,2})(?:st|nd|rd|th)?(?:[\s-]*(?:grade|gr\.?))?", re.IGNORECASE
)
_HIGHEST = 13


@lru_cache(_REMEMBERED)
def ceds(text: str) -> str:
    """The code that `text` stands for; itself where it is none."""
    known = _CODES.get(fold(text))
    if known is not None:
        return intern(known)
    found = _NUMBER.fullmatch(text.strip())
    number = int(found[1]) if found is not None else 0
    return intern(f"{number:02d}") if 1 <= number <= _HIGHEST else text


class Codes(dict[tuple[str, ...], tuple[str, ...]]):
    """`codes[texts]`: a list of grades as codes, each once, shared; the very list where it has them already."""

    def __missing__(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        made = tuple(dict.fromkeys(map(ceds, texts)))
        self[texts] = texts if made == texts else made
        return self[texts]
