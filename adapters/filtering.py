"""Which part of a predicate a source can be sent, and as what filter text. Pure.

What is sent must never keep back a record that satisfies the predicate: a server's answer may hold too much, since it
is tested again, but not too little. So a comparison is left out where servers are known or free to read it otherwise
than we do: order between words, `!=` beside nulls, letter case in `~`, a value that no one wire word stands for, lists
of words, which some compare whole. Days and instants are said so that times finer than a record's are no matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from adapters.addresses import encoded
from adapters.dialect import AbsentStatus, Dialect, FilterLevel, Op
from adapters.endpoints import Collection
from adapters.filter_text import Clause, join
from adapters.normalise import names
from adapters.predicate import And, AnyOf, Compare, Or, Predicate, equals

_REMEMBERED = 128
"""Conditions whose text is remembered: one is asked about several times for one answer, and few differ."""

MAX_VALUE = 250
"""Characters; one open-source server refuses longer ones, others say nothing."""

_IN = "@"
_ALWAYS_THERE = frozenset({"sourced_id", "status"})
_LISTS = frozenset(
    {"grades", "subjects", "subject_codes", "periods", "roles", "learning_objective_set.learning_objective_ids"}
)
_MOST = {FilterLevel.NONE: 0, FilterLevel.STATUS: 1}
_PERSONAL = frozenset({"username", "email", "identifier"})
# Quotes have no escape, and some servers split the text at the words before they look for quotes.
_UNSAFE = re.compile(r"['\"\\\x00-\x1f\x7f\ud800-\udfff]|\s(?:and|or)\s|^\s|\s$", re.IGNORECASE)
# Nothing in it needs care, and a URL holds it as it is.
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+")


@dataclass(frozen=True, slots=True)
class Pushed:
    """text: the filter to send; None: none. exact: an answer that honours it holds what was asked and nothing else."""

    text: str | None
    exact: bool


@lru_cache(_REMEMBERED)
def pushdown(
    dialect: Dialect,
    collection: Collection,
    where: Predicate | None,
    *,
    room: int | None = None,
    after: str | None = None,
) -> Pushed:
    """The largest part of `where` that may be sent, most selective first: ids and references, others, status.

    room: bytes of percent-encoded text that the URL still takes. after: the id behind which records lie, by the
    source's own order of ids, which whoever asks holds against ours; without it nothing is sent.
    """
    if where is None and after is None:
        return Pushed(None, exact=True)
    parts = [] if where is None else list(where.parts) if isinstance(where, And) else [where]
    parts.sort(key=_rank)
    writer = _Writer(dialect, collection)
    chosen: list[Clause] = []
    said: str | None = None
    if after is not None:
        clause = writer.behind(after)
        if clause is None or not _fits(str(clause), room):
            return Pushed(None, exact=False)
        chosen, said = [clause], str(clause)
    for part in parts:
        clauses = writer.clauses(part)
        if clauses is None:
            continue
        if len(clauses) > 1:
            # Alternatives stand alone: the standard has no way to mix AND with OR.
            text = join(clauses, writer.or_word)
            if not chosen and _fits(text, room):
                return Pushed(text, exact=len(parts) == 1)
            continue
        text = join([*chosen, *clauses], dialect.and_word)
        if len(chosen) < writer.most and _fits(text, room):
            chosen, said = [*chosen, *clauses], text
    return Pushed(said, exact=len(chosen) == len(parts) + (after is not None))


def batches(
    dialect: Dialect, collection: Collection, field: str, values: Iterable[str], url_overhead: int
) -> list[tuple[str, ...]] | None:
    """How "`field` is one of `values`" is split over requests, each value once; None where it cannot be asked at all.

    url_overhead: bytes of the request's URL without the filter's text. None also where a single value cannot be sent,
    lest its records be taken for missing. No text is made: its length is the sum of what it is made of.
    """
    writer = _Writer(dialect, collection)
    wanted = list(dict.fromkeys(values))
    words = writer.words(field, wanted)
    if words is None:
        return None
    fits = writer.room_for(field, dialect.capabilities.max_url - url_overhead)
    lengths = list(map(len if _all_plain(words) else _length, words))
    full: list[tuple[str, ...]] = []
    start = length = 0
    commas = False
    for place, (word, own) in enumerate(zip(words, lengths, strict=True)):
        comma = "," in word
        if place > start and not fits(place - start + 1, length + own, commas or comma):
            full.append(tuple(wanted[start:place]))
            start, length, commas = place, 0, False
        length, commas = length + own, commas or comma
        if place == start and not fits(1, length, commas):
            return None
    return [*full, tuple(wanted[start:])] if wanted else []


def _all_plain(values: Sequence[str]) -> bool:
    """Whether each is of letters that stand for themselves, in a filter as in a URL, and may be sent."""
    if not values or _PLAIN.fullmatch("".join(values)) is None:
        return False
    lengths = list(map(len, values))
    return min(lengths) > 0 and max(lengths) <= MAX_VALUE


def sendable(value: str) -> bool:
    """Whether a value may stand in filter text."""
    return 0 < len(value) <= MAX_VALUE and (_PLAIN.fullmatch(value) is not None or _UNSAFE.search(value) is None)


def _length(text: str) -> int:
    """Bytes of a text in a URL; percent-encoding takes each character for itself, so lengths add up."""
    return len(text) if _PLAIN.fullmatch(text) else len(encoded(text))


class _Writer:
    """Clauses in the words of one dialect, for one collection."""

    def __init__(self, dialect: Dialect, collection: Collection) -> None:
        self._dialect = dialect
        self._can = dialect.capabilities
        self._collection = collection
        self._unfilterable = self._can.unfilterable.get(collection.value, frozenset())
        self.most = _MOST.get(self._can.filter_level, self._can.filter_clauses)
        self.or_word = "or" if dialect.and_word.islower() else "OR"

    def clauses(self, part: Predicate) -> list[Clause] | None:
        """One clause, or alternatives to be joined by OR; None if `part` cannot be sent."""
        match part:
            case Compare():
                clause = self.compare(part)
                return [clause] if clause else None
            case AnyOf(field, values):
                return self.any_of(field, sorted(values))
            case Or(parts):
                found: list[Clause] = []
                for one in parts:
                    alternatives = None if isinstance(one, Or) else self.clauses(one)
                    if alternatives is None:
                        return None
                    found += alternatives
                return self._alternatives(found)
        return None

    def any_of(self, field: str, values: Sequence[str]) -> list[Clause] | None:
        compared = self.each(field, values)
        return self.alternatives(compared) if compared else None

    def each(self, field: str, values: Iterable[str]) -> list[Clause] | None:
        """A clause for every value; None if one cannot be sent."""
        wire, words = self._field(field), self.words(field, values)
        return None if wire is None or words is None else [Clause(wire, Op.EQ.value, word) for word in words]

    def words(self, field: str, values: Iterable[str]) -> list[str] | None:
        """Every value as the wire spells it, for `field = value`; None if one cannot be sent."""
        if self._field(field) is None or not self._takes(Op.EQ):
            return None
        words: list[str] = []
        values = list(values)
        if names.spelled_alike(self._collection, field) and field != "status" and _all_plain(values):
            return values
        for value in values:
            word = names.wire_value(self._collection, field, value)
            if word is None or not sendable(word) or (field == "status" and not self._read_alike(equals(field, value))):
                return None
            words.append(word)
        return words

    def room_for(self, field: str, room: int) -> Callable[[int, int, bool], bool]:
        """Whether so many values of so many bytes together, with a comma in one or not, fit into one filter."""
        wire, most, can = self._field(field) or "", self.most, self._can
        equal, joiner = _length(f"{wire}{Op.EQ.value}''"), _length(f" {self.or_word} ")
        listed, comma = _length(f"{wire}{_IN}''"), _length(",")

        def fits(count: int, length: int, commas: bool) -> bool:
            if count > 1 and can.in_operator and not commas:
                return listed + length + comma * (count - 1) <= room
            joined = count == 1 or (can.or_filters and count <= most)
            return joined and equal * count + length + joiner * (count - 1) <= room

        return fits

    def alternatives(self, clauses: list[Clause]) -> list[Clause] | None:
        """Clauses on one field as few: by the in-operator, where there is one."""
        if len(clauses) > 1 and self._can.in_operator and not any("," in c.value for c in clauses):
            return [Clause(clauses[0].field, _IN, ",".join(c.value for c in clauses))]
        return self._alternatives(clauses)

    def compare(self, asked: Compare) -> Clause | None:
        said = _uncut(asked)
        wire = self._field(asked.field)
        value = names.wire_value(self._collection, asked.field, said.value)
        takes = self._takes(asked.op) and self._takes(said.op)
        if wire is None or value is None or not takes or not sendable(value):
            return None
        return Clause(wire, said.op.value, value) if self._read_alike(asked) else None

    def behind(self, sourced_id: str) -> Clause | None:
        wire = self._field("sourced_id")
        if wire is None or not self._takes(Op.GT) or not sendable(sourced_id):
            return None
        return Clause(wire, Op.GT.value, sourced_id)

    def _takes(self, op: Op) -> bool:
        return self.most > 0 and op in self._can.filter_operators

    def _alternatives(self, clauses: list[Clause]) -> list[Clause] | None:
        if len(clauses) > 1 and (not self._can.or_filters or len(clauses) > self.most):
            return None
        return clauses

    def _field(self, field: str) -> str | None:
        former = self._dialect.former_id_metadata
        if field == "former_sourced_ids" and former is not None:
            wire: str | None = f"metadata.{former}"
        else:
            wire = names.wire_field(self._collection, field, self._dialect.version)
        if wire is None or field in _LISTS or wire in self._unfilterable or "*" in self._unfilterable:
            return None
        if self._can.filter_level is FilterLevel.STATUS and wire != "status":
            return None
        dotted = self._can.dotted_filters
        if "." in wire and not (dotted if isinstance(dotted, bool) else wire in dotted):
            return None
        return wire

    def _read_alike(self, asked: Compare) -> bool:
        """Whether a server's own reading keeps every record that ours keeps."""
        field = asked.field
        if field == "status":
            # Records without a status may count as active here, and a server cannot know that.
            if self._can.absent_status is AbsentStatus.ACTIVE:
                return False
            # 1.0's `inactive` reads as TOBEDELETED, so that one can be kept out by its word, but not asked for.
            return asked.op is (Op.EQ if asked.value == "ACTIVE" else Op.NE)
        match asked.op:
            case Op.EQ:
                return True
            case Op.NE:
                return field in _ALWAYS_THERE
            case Op.CONTAINS:
                return asked.value.lower() == asked.value.upper()
        return _is_time(field)


def _is_time(field: str) -> bool:
    return field.rsplit("_", 1)[-1] == "date" or field == "date_last_modified"


def _uncut(asked: Compare) -> Compare:
    """The same comparison for whoever keeps times more finely than records do, which cut them to a day or millisecond.

    What was cut to 12:00:00.500 may be 12:00:00.5004: it is not after that moment here, but there it is.
    """
    if asked.op not in (Op.GT, Op.LE) or not _is_time(asked.field):
        return asked
    try:
        following = _following(asked.value)
    except (ValueError, OverflowError):
        return asked
    return replace(asked, op=Op.GE if asked.op is Op.GT else Op.LT, value=following)


def _following(time: str) -> str:
    """The next day of a date, the next millisecond of an instant."""
    if len(time) == len("2026-01-31"):
        return (date.fromisoformat(time) + timedelta(days=1)).isoformat()
    moment = datetime.fromisoformat(time) + timedelta(milliseconds=1)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _rank(part: Predicate) -> int:
    match part:
        case Compare(field, Op.EQ, _) | AnyOf(field, _):
            if field == "sourced_id":
                return 0
            if field in _PERSONAL or field.endswith(("_id", "_ids")):
                return 1
            return 4 if field == "status" else 2
        case Compare(field, _, _) if field == "status":
            return 5
    return 3


def _fits(text: str, room: int | None) -> bool:
    return room is None or len(encoded(text)) <= room
