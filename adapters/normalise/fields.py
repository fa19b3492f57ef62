"""Scalars: what the wire writes, in the form in which records hold it. What cannot be read is no value, never an error.

Instants are UTC with exactly three decimals: finer fractions are cut, so that order by text is order by time.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from functools import lru_cache
from sys import intern

from adapters.normalise.vocabulary import fold

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:$|[T ])", re.ASCII)
_SEPARATORS = "--T::."
_REMEMBERED = 1000
_parsed = dt.datetime.fromisoformat


_WORDS: dict[object, bool | None] = {
    None: None,
    True: True,  # and 1
    False: False,  # and 0
    **dict.fromkeys(("true", "t", "1"), True),
    **dict.fromkeys(("false", "f", "0"), False),
}


class _Flags(dict[object, bool | None]):
    def __missing__(self, value: object) -> bool | None:
        flag = _WORDS.get(fold(value)) if isinstance(value, str) else None
        if len(self) < _REMEMBERED:
            self[value] = flag
        return flag


FLAG = _Flags(_WORDS)
"""`FLAG[value]`: booleans as JSON's own, as numbers, or as words in any case; None for anything else."""


def number(value: float | str | None) -> float | None:
    """A number, also one that is written as text; None for infinity and for what is none."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return value if value is not None and math.isfinite(value) else None


@lru_cache(maxsize=4096)
def date(text: str) -> str | None:
    """`YYYY-MM-DD`, as written: of a date and time the date part, without a shift of zone."""
    found = _DATE.match(text.strip())
    if found is None:
        return None
    try:
        dt.date.fromisoformat(found[1])
    except ValueError:
        return None
    return intern(found[1])


def instant(text: str) -> str | None:
    """`YYYY-MM-DDTHH:MM:SS.mmmZ`. Without a zone it is taken as UTC; a date alone is its midnight."""
    try:
        moment = _parsed(text)
    except ValueError:
        return instant(text.strip()) if text != text.strip() else None
    if len(text) == 24 and text[4:22:3] == _SEPARATORS and text[23] == "Z":
        return text
    try:
        if moment.tzinfo is not None:
            moment = moment.astimezone(dt.UTC)
    except OverflowError:
        return None
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
