"""Executors compared in one process, by CPU: the same operations over the same tables, in turn, answers held equal."""

from __future__ import annotations

import gc
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import Any

from bench.cases import CAREFUL, CASES, REFUSED, WITHHELD
from bench.figures import Samples
from bench.held import Way, held, lacking, reading, spoiled, ways
from bench.truth import WrongAnswer
from gateway.access.field_class import FieldClass
from gateway.schema.context import Context

OURS = "ours"
TURN = 0.03
"""CPU seconds of a turn, and one operation at least: as much for the fast as for the slow."""


class Comparison:
    """seconds: CPU that each case may take, though each contender has so many turns at least."""

    def __init__(self, seconds: float, turns: int, samples: Samples) -> None:
        self._seconds = seconds
        self._least = turns
        self._samples = samples

    async def measure(self, parts: Sequence[str]) -> None:
        """parts: of in_process, withheld, careful and fallback."""
        async with held() as sources:
            made, context = ways(), reading(sources)
            await self._warm_up(made, context)
            if "in_process" in parts:
                for name, query in CASES.items():
                    self._tell("in_process", name, await self._turns(query, made, context))
            if "withheld" in parts:
                limited = reading(sources, lacking(FieldClass.CONTACT))
                contenders = {"limited": _handing(made[OURS], limited), OURS: made[OURS]}
                for name, query in WITHHELD.items():
                    self._tell("withheld", name, await self._turns(query, contenders, context, check=nulls_alone))
            alone = {name: made[name] for name in ("cached", OURS)}
            if "careful" in parts:
                async with spoiled(sources):
                    with _silent():
                        for name, query in CAREFUL.items():
                            took = await self._turns(query, alone, context, check=partial(alike, faulty=True))
                            self._tell("careful", name, took)
            if "fallback" in parts:
                took = await self._turns(REFUSED, alone, context)
                self._samples.add("fallback.extra_us", 1e6 * (median(took[OURS]) - median(took["cached"])))

    def _tell(self, part: str, case: str, took: Mapping[str, Sequence[float]]) -> None:
        """CPU by the median, and how many times that of ours each of the others takes."""
        for name, seconds in took.items():
            self._samples.add(f"{part}.ms.{name}.{case}", 1000 * median(seconds))
            if name != OURS:
                self._samples.add(f"{part}.{name}.{case}", median(seconds) / median(took[OURS]))

    async def _warm_up(self, made: Mapping[str, Way], context: Callable[[], Context]) -> None:
        for way in made.values():
            await way(CASES["c"], context())
        gc.collect()
        gc.freeze()  # as the server does

    async def _turns(
        self,
        query: str,
        made: Mapping[str, Way],
        context: Callable[[], Context],
        *,
        check: Callable[[Mapping[str, bytes]], None] | None = None,
    ) -> dict[str, list[float]]:
        """CPU seconds of each operation by each way, but for the first, in which it may read and keep the document.

        check: raises `WrongAnswer` of first answers that are not as they should be; usually all the same.

        Raises:
            WrongAnswer: they are not, or one answers otherwise the second time.
        """
        first = {name: await way(query, context()) for name, way in made.items()}
        (check or alike)(first)
        took: dict[str, list[float]] = {name: [] for name in made}
        began, turns = time.process_time(), 0
        while turns < self._least or time.process_time() - began < self._seconds:
            turns += 1
            for name, way in made.items():
                spent = 0.0
                while spent < TURN:
                    start = time.process_time()
                    answer = await way(query, context())
                    took[name].append(time.process_time() - start)
                    spent += took[name][-1]
                    if answer != first[name] and shown(answer) != shown(first[name]):
                        raise WrongAnswer(f"{name} answers differently the second time: {query}")
        return took


def alike(answers: Mapping[str, bytes], *, faulty: bool = False) -> None:
    """Raises:
    WrongAnswer: they do not say the same, or have errors where there should be none, or none where there should.
    """
    said = {name: shown(answer) for name, answer in answers.items()}
    theirs = next(iter(said.values()))
    for name, each in said.items():
        if each != theirs:
            at = next((n for n, pair in enumerate(zip(each, theirs, strict=False)) if pair[0] != pair[1]), 0)
            raise WrongAnswer(f"{name} answers otherwise: {each[at - 40 : at + 80]} … {theirs[at - 40 : at + 80]}")
        if ('"errors": [' in each) is not faulty:
            raise WrongAnswer(f"{name} answers {'without' if faulty else 'with'} errors: {each[:200]} … {each[-300:]}")


def nulls_alone(answers: Mapping[str, bytes]) -> None:
    """Raises:
    WrongAnswer: the limited client's answer differs by more than nulls, or does not tell once of each field.
    """
    limited, full = (json.loads(answers[name]) for name in ("limited", OURS))
    nulled = set(_nulled(full["data"], limited["data"], ()))
    told = [tuple(part for part in error["path"] if isinstance(part, str)) for error in limited.get("errors", ())]
    if "errors" in full or not nulled or len(told) != len(set(told)) or not nulled <= set(told):
        raise WrongAnswer(f"withheld: null are {sorted(nulled)}, told is of {sorted(told)}")


def _nulled(full: Any, limited: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if limited == full:
        return
    if limited is None:
        yield path
    elif isinstance(full, dict):
        for name, value in full.items():
            yield from _nulled(value, limited[name], (*path, name))
    elif isinstance(full, list):
        for one, other in zip(full, limited, strict=True):
            yield from _nulled(one, other, path)
    else:
        raise WrongAnswer(f"withheld: another value at {path}")


def _handing(way: Way, context: Callable[[], Context]) -> Way:
    """The same, for another client."""
    return lambda query, _: way(query, context())


def shown(body: bytes) -> str:
    """An answer without what encoders spell in their own way, and what servers may: escapes, the order of errors; and
    without what the gateway alone tells, its cost.
    """
    answer: dict[str, Any] = json.loads(body)
    if "extensions" in answer:
        answer["extensions"].pop("cost", None)
    if "errors" in answer:
        answer["errors"] = sorted(answer["errors"], key=lambda error: json.dumps(error["path"]))
    return json.dumps(answer)


@contextmanager
def _silent() -> Iterator[None]:
    """Errors that are meant to happen are not written down."""
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
