"""The kinds of value a setting can have: each reads what the file says into its final type, or says what is wrong."""

from __future__ import annotations

import functools
import math
import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from gateway import identity
from gateway.config.mistakes import did_you_mean

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E", bound=StrEnum)


class Wrong(Exception):
    """A value that a setting cannot have. `allowed`: overrides what its kind says of itself."""

    def __init__(self, problem: str, allowed: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class Kind(Generic[T_co]):
    """label: its name in the documentation. allowed: what a mistake says may stand there. read: raises Wrong.

    secret: what was written is never shown.
    """

    label: str
    allowed: str
    read: Callable[[Any], T_co]
    secret: bool = False


def shown(value: object) -> str:
    """A value as a mistake repeats it: short, on one line, tables by their kind only."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        text = "[" + ", ".join(shown(item) for item in value) + "]"
    elif isinstance(value, str):
        text = '"' + re.sub(r"(?<=//)[^/@]*@|\?.*", "…", value).replace("\n", "\\n") + '"'
    else:
        text = str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def type_of(value: object) -> str:
    """What a settings file calls the type of `value`."""
    names = {bool: "true or false", str: "text", int: "a whole number", float: "a number", dict: "a table"}
    return names.get(type(value), "a list" if isinstance(value, list) else "a date or time")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong(f"this is {type_of(value)}, not text")
    if not value.strip():
        raise Wrong("this is empty")
    return value.strip()


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"this is {type_of(value)}, not true or false")
    return value


def whole_number(minimum: int, maximum: int | None = None) -> Kind[int]:
    allowed = f"a whole number, {minimum} or more" if maximum is None else f"a whole number, {minimum} to {maximum}"

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong(f"this is {type_of(value)}, not a whole number")
        if value < minimum:
            raise Wrong("this is too small")
        if maximum is not None and value > maximum:
            raise Wrong("this is too large")
        return value

    return Kind("whole number", allowed, read)


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"this is {type_of(value)}, not a number")
    if not 0 <= value <= 1:
        raise Wrong("a share is neither less than nothing nor more than all")
    return float(value)


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])", re.ASCII)


def _duration(value: Any) -> float:
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if match is None:
            raise Wrong("this is not a length of time")
        seconds = float(match[1]) * _SECONDS[match[2]]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    else:
        raise Wrong(f"this is {type_of(value)}, not a length of time")
    if not (seconds > 0 and math.isfinite(seconds)):
        raise Wrong("a length of time is more than nothing, and ends")
    return seconds


_BYTES = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?B)", re.ASCII | re.IGNORECASE)


def _size(value: Any) -> int:
    if isinstance(value, str):
        match = _SIZE.fullmatch(value.strip())
        if match is None:
            raise Wrong("this is not an amount of memory")
        size = int(float(match[1]) * _BYTES[match[2].upper()])
    elif isinstance(value, int) and not isinstance(value, bool):
        size = value
    else:
        raise Wrong(f"this is {type_of(value)}, not an amount of memory")
    if size <= 0:
        raise Wrong("an amount of memory is more than nothing")
    return size


def list_of(kind: Kind[T]) -> Kind[tuple[T, ...]]:
    def read(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list | tuple):
            raise Wrong(f"this is {type_of(value)}, not a list")
        found: dict[T, None] = {}
        for position, item in enumerate(value, start=1):
            try:
                found[kind.read(item)] = None
            except Wrong as wrong:
                raise Wrong(f"entry {position}: {wrong.problem}", wrong.allowed) from None
        return tuple(found)

    return Kind(f"list of {kind.label}s", f"a list, each entry: {kind.allowed}", read)


def set_of(kind: Kind[T]) -> Kind[frozenset[T]]:
    entries = list_of(kind)
    return Kind(entries.label, entries.allowed, lambda value: frozenset(entries.read(value)))


def choice(members: type[E]) -> Kind[E]:
    names = [member.value for member in members]
    allowed = ", ".join(f'"{name}"' for name in names)

    def read(value: Any) -> E:
        if not isinstance(value, str):
            raise Wrong(f"this is {type_of(value)}: write it in quotes")
        try:
            return members(value)
        except ValueError:
            raise Wrong(f"no such choice{did_you_mean(value, names)}") from None

    return Kind("choice", allowed, read)


def _source_key(value: Any) -> str:
    text = _text(value)
    if not identity.SOURCE_KEY.fullmatch(text):
        raise Wrong("a key has other characters than these; it stands in every id the gateway gives out")
    return text


@functools.cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _time_zone(value: Any) -> str:
    text = _text(value)
    zones = _time_zones()
    if text not in zones:
        cities = {zone.rpartition("/")[2]: zone for zone in sorted(zones)}
        city = cities.get(text.replace(" ", "_").title())
        hint = f'; did you mean "{city}"?' if city else did_you_mean(text.replace(" ", "_"), sorted(zones))
        raise Wrong(f"no such time zone{hint}")
    return text


TEXT = Kind("text", "text in quotes, not empty", _text)
FLAG = Kind("true or false", "true, false", _flag)
COUNT = whole_number(1)
PORT = whole_number(0, 65535)
SHARE = Kind("share", "a number from 0 to 1, such as 0.2 for a fifth", _share)
HTTP_STATUS = whole_number(100, 599)
DURATION = Kind(
    "duration",
    'a number and s, m, h or d, such as "90s", "15m", "6h" or "1d"; a bare number is seconds',
    _duration,
)
SIZE = Kind(
    "size",
    'a number and KB, MB or GB, of 1000 each, such as "500MB" or "2GB"; a bare number is bytes',
    _size,
)
TEXTS = list_of(TEXT)
SOURCE_KEY = Kind(
    "key",
    "a to z, 0 to 9 and - behind the first, up to 63; choose once and never change or reuse it (`name` may change)",
    _source_key,
)
SOURCE_KEYS = list_of(SOURCE_KEY)
TIME_ZONE = Kind("time zone", "a name of the IANA time zone database, such as America/Chicago", _time_zone)


def either(first: Kind[Any], second: Kind[Any]) -> Kind[Any]:
    """What `first` reads, and what it cannot, `second`."""

    def read(value: Any) -> Any:
        try:
            return first.read(value)
        except Wrong:
            pass
        try:
            return second.read(value)
        except Wrong as wrong:
            raise Wrong(wrong.problem, f"{first.allowed}; or {second.allowed}") from None

    return Kind(f"{first.label}, or {second.label}", f"{first.allowed}; or {second.allowed}", read)


def table_of(names: Kind[Any], kind: Kind[T]) -> Kind[MappingProxyType[str, T]]:
    allowed = f"a table; names: {names.allowed}; values: {kind.allowed}"

    def read(value: Any) -> MappingProxyType[str, T]:
        if not isinstance(value, dict):
            raise Wrong(f"this is {type_of(value)}, not a table")
        found = {}
        for name, item in value.items():
            try:
                found[names.read(name)] = kind.read(item)
            except Wrong as wrong:
                raise Wrong(f"{name}: {wrong.problem}", wrong.allowed) from None
        return MappingProxyType(found)

    return Kind("table", allowed, read)
