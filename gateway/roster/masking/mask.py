"""One source's mask: real values to invented ones, and back where something has to be asked by what was answered."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import date, timedelta
from functools import lru_cache

from gateway.roster.masking.keyed import LONGEST, Key
from gateway.roster.masking.words import FAMILY, GIVEN, PLACES, REMARKS, SCHOOL_WORDS

_MOST_DAYS = 180
"""By how much birth dates are moved, at most."""

_REMEMBERED = 50_000
"""Ids, and codes, that are remembered: most of what a list names, it names often."""


class Mask:
    """Invented values for those of one source: equal for equal ones, and the same as long as the secret is.

    What a source's mask makes of a value says nothing of what another's makes of it.
    """

    def __init__(self, secret: bytes, source: str) -> None:
        self._key = Key(secret, source)
        self._id = lru_cache(_REMEMBERED)(self._sealed)
        self._code = lru_cache(_REMEMBERED)(self._coded)

    # -------------------------------------------------------------- ids

    def id(self, sourced_id: str) -> str:
        """What stands for a sourcedId: letters, digits, `-` and `_`."""
        return self._id(sourced_id)

    def _sealed(self, sourced_id: str) -> str:
        return base64.urlsafe_b64encode(self._key.sealed(sourced_id)).rstrip(b"=").decode()

    def real_id(self, masked: str) -> str | None:
        """The sourcedId that something stands for; None of what this mask never made."""
        try:
            real = self._key.opened(base64.urlsafe_b64decode(masked + "=" * (-len(masked) % 4)))
        except (binascii.Error, ValueError):
            return None
        return real if real is not None and self.id(real) == masked else None

    def code(self, value: str) -> str:
        """For what tells people apart elsewhere, such as a number or a name to sign in with: no two become the same."""
        return self._code(value)

    def _coded(self, value: str) -> str:
        if value.isascii() and len(value) <= LONGEST:
            return self._key.exchanged(value)
        return base64.b32encode(self._key.sealed(value)).rstrip(b"=").decode().lower()

    def real_code(self, masked: str) -> str:
        """The value that `code` made this of; something that nobody has, where it did not."""
        with_padding = masked.upper() + "=" * (-len(masked) % 8)
        try:
            sealed = self._key.opened(base64.b32decode(with_padding))
        except (binascii.Error, ValueError):
            sealed = None
        if sealed is not None:
            return sealed
        return self._key.restored(masked) if masked.isascii() and len(masked) <= LONGEST else masked

    def username(self, value: str) -> str:
        """As `code`; two that differ in case alone still do, or become the same."""
        return self.code(value if value.isascii() else value.casefold())

    # -------------------------------------------------------------- how to reach people

    def email(self, value: str) -> str:
        """At a domain that nobody can have (RFC 2606), one for each domain; before the `@` as `username`."""
        name, at, domain = value.rpartition("@")
        if not at:
            return self.username(value)
        host = self._key.number("domain", domain.casefold()) % 0x10000
        return f"{self.username(name)}@host-{host:04x}.example"

    def phone(self, value: str) -> str:
        """In the same format; where it is long enough, it ends in 555-01…, which no subscriber in North America has."""
        digits = re.sub(r"\D", "", value)
        drawn = f"{self._key.number('phone', digits):0{len(digits)}d}"[-len(digits) :]
        if len(digits) >= len("5550100"):
            drawn = f"{drawn[:-7]}55501{drawn[-2:]}"
        rest = iter(drawn)
        return re.sub(r"\d", lambda _: next(rest), value)

    # -------------------------------------------------------------- people

    def given_name(self, value: str) -> str:
        return _WORD.sub(lambda word: self._named(word[0], GIVEN), value)

    def family_name(self, value: str) -> str:
        return _WORD.sub(lambda word: self._named(word[0], FAMILY), value)

    def _named(self, word: str, names: tuple[str, ...]) -> str:
        """A name in place of a word; in capitals where that is, an initial for an initial."""
        name = self._key.choice("name", word.casefold(), names)
        if len(word) == 1:
            name = name[0]
        elif word.isupper():
            return name.upper()
        return name.lower() if word.islower() else name

    def birth_date(self, value: str, person: str) -> str | None:
        """Another day, as many days away for each of a person's; None for what is no date."""
        drawn = self._key.number("birth", person)
        days = (1 + drawn % _MOST_DAYS) * (1 if drawn >> 64 & 1 else -1)
        try:
            return (date.fromisoformat(value) + timedelta(days)).isoformat()
        except (ValueError, OverflowError):
            return None

    def flag(self, name: str, person: str) -> bool:
        """Something that is so or not, by chance, of one person."""
        return self._key.choice(name, person, (False, True))

    def place(self, value: str) -> str:
        return self._key.choice("place", value.casefold(), PLACES)

    # -------------------------------------------------------------- what people wrote

    def title(self, value: str) -> str:
        """The text without what may be names: family names, as above, in place of words that no school lesson needs."""
        return _TITLE_WORD.sub(self._in_title, value)

    def _in_title(self, word: re.Match[str]) -> str:
        text = word[0]
        if text.casefold() in SCHOOL_WORDS or _SHORT.fullmatch(text):
            return text
        stem, mark, ending = text.rpartition("'" if "'" in text else "’")
        if mark and ending.casefold() == "s":
            return self._named(stem, FAMILY) + mark + ending
        return self._named(text, FAMILY)

    def remark(self, value: str) -> str:
        return self._key.choice("remark", value, REMARKS)


_WORD = re.compile(r"[^\s\-‐‑–—.,;/()]+")
"""A part of a name."""

_TITLE_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

_SHORT = re.compile(r"[A-Za-z]|[A-Za-z]?[0-9]{1,4}[A-Za-z]?")
"""A letter, a number, or both, as of a period or a section."""
