"""What a mask does with its key: draws, texts whose letters and digits are exchanged, texts that are sealed.

None of it can be computed, or undone, without the key.
"""

from __future__ import annotations

import hashlib
import math
import string
from collections.abc import Callable, Sequence
from typing import TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

T = TypeVar("T")

_SEAL = 64
_DRAW = 32

_ROUNDS = 10
"""As many as FF1 has (NIST SP 800-38G)."""

LONGEST = 128
"""Characters of a text whose letters and digits are exchanged: half of them are to fit into one hash, with room."""

_ORDINALS = {sign: place for signs in (string.digits, string.ascii_lowercase) for place, sign in enumerate(signs)}


class Key:
    """The key of one source's mask, derived from the gateway's secret (HKDF, RFC 5869)."""

    def __init__(self, secret: bytes, source: str) -> None:
        derived = HKDF(SHA512(), _SEAL + _DRAW, salt=None, info=b"mask\0" + source.encode()).derive(secret)
        self._cipher = AESSIV(derived[:_SEAL])
        self._draw = derived[_SEAL:]

    def number(self, label: str, value: str) -> int:
        """A number of 512 bits (BLAKE2b with a key, RFC 7693)."""
        data = f"{label}\0{value}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(data, key=self._draw).digest())

    def choice(self, label: str, value: str, words: Sequence[T]) -> T:
        return words[self.number(label, value) % len(words)]

    # -------------------------------------------------------------- sealed

    def sealed(self, value: str) -> bytes:
        """The value, encrypted and authenticated; the same each time (AES-SIV, RFC 5297)."""
        return self._cipher.encrypt(value.encode("utf-8", "surrogatepass"), None)

    def opened(self, sealed: bytes) -> str | None:
        """What was sealed; None of anything else."""
        try:
            return self._cipher.decrypt(sealed, None).decode("utf-8", "surrogatepass")
        except (InvalidTag, ValueError):
            return None

    # -------------------------------------------------------------- exchanged

    def exchanged(self, value: str) -> str:
        """The value with other letters for its letters, of the same case, and other digits for its digits.

        value: ASCII, at most `LONGEST` characters. No two values become the same, and two that differ in case alone
        still do so alone.
        """
        return self._through(value, lambda ordinal, drawn: ordinal + drawn, range(_ROUNDS))

    def restored(self, value: str) -> str:
        """What was exchanged for this."""
        return self._through(value, lambda ordinal, drawn: ordinal - drawn, range(_ROUNDS - 1, -1, -1))

    def _through(self, value: str, step: Callable[[int, int], int], rounds: Sequence[int]) -> str:
        """A Feistel network over two halves, each of them a number whose digits have as many values as their place may
        take: ten or twenty-six.
        """
        folded = value.lower()
        places = [place for place, sign in enumerate(folded) if sign in _ORDINALS]
        signs = [_signs(folded[place]) for place in places]
        ordinals = [_ORDINALS[folded[place]] for place in places]
        half = len(places) // 2
        sizes = [list(map(len, part)) for part in (signs[:half], signs[half:])]
        numbers = [_packed(part, own) for part, own in zip((ordinals[:half], ordinals[half:]), sizes, strict=True)]
        shape = "".join("0" if s in string.digits else "a" if s in _ORDINALS else s for s in folded)
        for number in rounds:
            changed = number % 2
            drawn = self.number("exchange", f"{shape}\0{number}\0{numbers[1 - changed]}")
            numbers[changed] = step(numbers[changed], drawn) % math.prod(sizes[changed])
        found = list(value)
        for place, own, ordinal in zip(places, signs, _unpacked(numbers, sizes), strict=True):
            found[place] = own[ordinal].upper() if value[place].isupper() else own[ordinal]
        return "".join(found)


def _signs(sign: str) -> str:
    return string.digits if sign in string.digits else string.ascii_lowercase


def _packed(ordinals: Sequence[int], sizes: Sequence[int]) -> int:
    number = 0
    for ordinal, size in zip(ordinals, sizes, strict=True):
        number = number * size + ordinal
    return number


def _unpacked(numbers: Sequence[int], sizes: Sequence[Sequence[int]]) -> list[int]:
    found: list[int] = []
    for number, own in zip(numbers, sizes, strict=True):
        part = []
        for size in reversed(own):
            number, ordinal = divmod(number, size)
            part.append(ordinal)
        found += reversed(part)
    return found
