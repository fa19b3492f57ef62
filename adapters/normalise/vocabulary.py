"""The coded values: every vocabulary of the standard, read from the wire tolerantly and written back.

A wire word is the member's name in camelCase (`GRADING_PERIOD` ↔ `gradingPeriod`). Reading ignores case, blanks,
dashes and underscores; what the vocabulary does not hold, `ext:` tokens among it, reads as its `rest`.
Source: OneRoster 1.1 and 1.2, enumerations; 1.0 for `inactive`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

from adapters.gradebook import Importance, ScoreStatus
from adapters.records import (
    AcademicSessionType,
    ClassType,
    EnrollmentRole,
    OrgType,
    RecordStatus,
    RoleType,
    Sex,
    UserRole,
)

T = TypeVar("T", bound=StrEnum | None)

_REMEMBERED = 1000
_DROPPED = str.maketrans("", "", " \t\r\n-_")


def fold(word: str) -> str:
    """Lower case, without blanks, dashes and underscores."""
    return word.translate(_DROPPED).lower()


def camel(name: str) -> str:
    """`GRADING_PERIOD` or `grading_period` as `gradingPeriod`."""
    head, *tail = name.lower().split("_")
    return head + "".join(part.capitalize() for part in tail)


def spaced(name: str) -> str:
    """`FULLY_GRADED` as `fully graded`."""
    return name.lower().replace("_", " ")


class Vocabulary(dict[str, T], Generic[T]):
    """`vocabulary[text]` is what `text` means. A dict, because one is asked per record: a known text costs one look-up;
    a new one is folded once and remembered, up to a number that no honest source reaches.

    rest: the meaning of unknown words; where it is a member, that one has no word of its own. also: folded words from
    outside the standard. written: how the wire writes a name.
    """

    def __init__(
        self,
        members: Iterable[T],
        rest: T,
        *,
        has_rest: bool = False,
        also: Mapping[str, T] = MappingProxyType({}),
        written: Callable[[str], str] = camel,
    ) -> None:
        every = {m.name: m for m in members if m is not None}
        self._names = {name: written(name) for name, m in every.items() if has_rest or m is not rest}
        self._folded = {fold(name): m for name, m in every.items()} | dict(also)
        self._rest = rest
        super().__init__({written(name): m for name, m in every.items()})

    def __missing__(self, text: str) -> T:
        member = self._folded.get(fold(text), self._rest)
        if len(self) < _REMEMBERED:
            self[text] = member
        return member

    @property
    def words(self) -> tuple[str, ...]:
        """The wire words, in the standard's order."""
        return tuple(self._names.values())

    def word(self, name: str) -> str | None:
        """The wire word of the member called `name`; None where it has none, or there is no such member."""
        return self._names.get(name)

    def name(self, word: str) -> str | None:
        """The name of the member that `word` stands for; None for words that are read as the rest."""
        member = self._folded.get(fold(word))
        return member.name if member is not None and member.name in self._names else None


STATUS = Vocabulary(RecordStatus, RecordStatus.UNKNOWN, also={"inactive": RecordStatus.TOBEDELETED})
ORG_TYPE = Vocabulary(OrgType, OrgType.OTHER)
SESSION_TYPE = Vocabulary(AcademicSessionType, AcademicSessionType.OTHER)
CLASS_TYPE = Vocabulary(ClassType, ClassType.OTHER)
USER_ROLE = Vocabulary(UserRole, UserRole.OTHER)
ROLE_TYPE = Vocabulary[RoleType | None](RoleType, None)
SCORE_STATUS = Vocabulary(ScoreStatus, ScoreStatus.OTHER, written=spaced)
IMPORTANCE = Vocabulary[Importance | None](Importance, None)
ENROLLMENT_ROLE = Vocabulary(EnrollmentRole, EnrollmentRole.OTHER)
SEX = Vocabulary(Sex, Sex.OTHER, has_rest=True)
"""`other` is a word of its own here (1.2)."""
