"""What is wrong in the settings, said so that whoever wrote them can put it right. Never a secret's text."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: where it is, what stands there, what is wrong with that, and what may stand there instead.

    path: such as `sources[2] (springfield).capabilities.max_limit`, sources counted from 1 in their file.
    value: as written; `***` for a secret, empty where showing it would say nothing.
    """

    file: str
    path: str
    value: str
    problem: str
    allowed: str = ""

    def __str__(self) -> str:
        first = f"{self.path} = {self.value}" if self.value else self.path
        lines = [first, f"    {self.problem}"]
        if self.allowed:
            lines.append(f"    allowed: {self.allowed}")
        return "\n".join(lines)


class ConfigError(Exception):
    """The settings cannot be used at all; prints as every mistake in them."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__(describe(self.mistakes))


def describe(mistakes: Iterable[Mistake]) -> str:
    """All mistakes as one block of text, file by file, in the order given within each."""
    by_file = sorted(mistakes, key=lambda m: m.file)
    blocks = []
    for file, group in itertools.groupby(by_file, key=lambda m: m.file):
        found = list(group)
        count = "1 mistake" if len(found) == 1 else f"{len(found)} mistakes"
        blocks.append("\n".join([f"{file}: {count}", *(_indented(str(m)) for m in found)]))
    return "\n".join(blocks)


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `word` most likely meant, whatever its case; None when nothing comes near."""
    folded = {candidate.casefold(): candidate for candidate in candidates}
    near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """`; did you mean "x"?`, or nothing: to be put behind a problem."""
    near = closest(word, candidates)
    return f'; did you mean "{near}"?' if near else ""


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
