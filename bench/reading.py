"""`python -m bench.reading`: how little a source is asked, what large tables and many sources take.

Ends with 1 if an answer was wrong or a count of upstream requests broke its limit; never because of a time, nor of
memory. docs/performance.md, "Reading", says what is measured, and how.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench import command, delta, many, person, processes
from bench.asking import Plan
from bench.figures import Figures, Samples, broken, unmeasured
from bench.queries import IN_FLIGHT, UPSTREAMS, W1, W2, W4
from bench.truth import Truth

QUESTIONS = {each.name: each for each in (W1, W2, W4)}
STAMPEDES = (16, 32)
STEMS = tuple(f"{name.lower()}.{upstream}" for name in QUESTIONS for upstream in UPSTREAMS)

COLD = {"w1.wide": 1, "w1.standard": 1, "w2.wide": 4, "w2.standard": 15, "w4.wide": 8, "w4.standard": 15}
HELD = {"w1.wide": 1, "w1.standard": 1, "w2.wide": 2, "w2.standard": 13, "w4.wide": 6, "w4.standard": 13}
ROUNDS = {"w1.wide": 1, "w1.standard": 1, "w2.wide": 2, "w2.standard": 3, "w4.wide": 3, "w4.standard": 3, "person": 5}
"""Latencies on the critical path that are aimed at; told, not held against anyone."""

LIMITS = {
    **{f"{stem}.cold.requests": most for stem, most in COLD.items()},
    **{f"{stem}.held.requests": most for stem, most in HELD.items()},
    **{f"{stem}.warm.requests": 0 for stem in STEMS},
    "person.requests": 12,
    "person.scan.requests": 0,
    "delta.requests": 3,
    "sources500.requests": 0,
    "in_flight": IN_FLIGHT,
}
AIMS = {
    "tables_mb.100k": 400, "rss_mb.100k": 550, "decode.typed.us_per_user": 9, "decode.lenient.us_per_user": 25,
    "loop.hold_ms.max": 50,
    "delta.seconds": delta.FRESH_FOR, "sources500.start_s": 5, "sources500.rss_mb": 400,
    "sources500.query_cpu_ratio": 1.1, "sources500.list_cpu_ratio": 1.1,
}  # fmt: skip
"""What is aimed at in memory and time; told, not held against anyone."""

PROMISED = frozenset(
    {
        *(f"{stem}.{figure}" for stem in STEMS for figure in (
            "cold.requests", "cold.rounds", "held.requests", "warm.requests", "cold.ms.at100")),
        *(f"stampede{clients}.requests" for clients in STAMPEDES),
        "person.requests", "delta.requests", "tables_mb.100k", "rss_mb.100k",
        "sources500.rss_mb", "sources500.start_s",
    }
)  # fmt: skip
"""What `--json` has in it whenever everything was measured."""


def faults(figures: Figures) -> list[str]:
    """The counts that do not hold, in words. Many clients at once may ask no more than one."""
    limits: dict[str, float] = {**LIMITS}
    if (alone := figures.get("w2.wide.cold.requests")) is not None:
        limits |= {name: alone for name in figures if name.startswith("stampede") and name.endswith(".requests")}
    return broken(figures, limits)


async def measure(options: argparse.Namespace, folder: Path) -> Figures:
    samples, long = Samples(), options.long / 1000
    questions = [QUESTIONS[name] for name in options.questions.split(",")]
    stampedes = [int(clients) for clients in options.stampedes.split(",")]
    plan = Plan(questions, stampedes, options.runs, long, Truth(), samples, folder)
    for name in options.upstreams.split(","):
        command.say(f"requests, {name}")
        await plan.measure(name, UPSTREAMS[name])
    if options.runs:
        command.say("requests after changes")
        await delta.measure(options.runs, samples, folder)
    if not options.only_requests:
        command.say(f"one person of {options.people}")
        await person.measure(person.Large(options.people), options.runs, long, samples, folder)
        command.say("500 sources")
        await many.measure(many.Many(), max(1, options.runs), samples, folder)
        command.say(f"tables of {options.people} users")
        for part in ("bench.holding", "bench.loop"):
            for name, value in (await asyncio.to_thread(_alone, part, options.people)).items():
                samples.add(name, value)
    return samples.figures()


def _alone(part: str, people: int) -> Figures:
    """Measured in a process that does nothing else."""
    command = [sys.executable, "-m", part, "--users", str(people)]
    told = subprocess.run(command, cwd=processes.ROOT, stdout=subprocess.PIPE, check=True).stdout
    figures = msgspec.json.decode(told, type=dict[str, float])
    size = f"{people // 1000}k"
    return {name if "." in name else f"{name}.{size}": value for name, value in figures.items()}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench.reading", description=(__doc__ or "").partition("\n")[0])
    made.add_argument("--upstreams", default=",".join(UPSTREAMS), help="some of wide,standard")
    made.add_argument("--questions", default=",".join(QUESTIONS), help="some of W1,W2,W4")
    made.add_argument("--stampedes", default=",".join(map(str, STAMPEDES)), help="clients that ask W2 at once, wide")
    made.add_argument("--only-requests", action="store_true", help="no large district, tables or 500 sources")
    made.add_argument("--runs", type=int, default=3, help="runs at 100 ms; rounds are counted in one more")
    made.add_argument("--long", type=int, default=1000, help="milliseconds of latency while rounds are counted")
    made.add_argument("--people", type=int, default=100_000, help="of the large district and of the tables")
    made.add_argument("--quick", action="store_true", help="one run, a large district of 10,000 people")
    made.add_argument("--json", action="store_true", help="print one flat object, name to number, instead of tables")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    made = parser()
    options = made.parse_args(argv)
    if options.quick:
        options.runs, options.people = 1, 10_000
    for given, known in ((options.upstreams, UPSTREAMS), (options.questions, QUESTIONS)):
        if unknown := [name for name in given.split(",") if name not in known]:
            made.error(f"no {unknown[0]}; there are {', '.join(known)}")
    promised = PROMISED if options == parser().parse_args(["--json"] * options.json) else frozenset[str]()
    return command.run(
        lambda folder: measure(options, folder),
        told,
        lambda figures: [*faults(figures), *unmeasured(figures, promised)],
        as_json=options.json,
    )


def told(figures: Figures) -> str:
    """Everything that was measured, beside what is aimed at, the least there can be, and the plain baseline."""
    asked = _table("", "", "requests", "rounds", "ms at 100", "held: requests", "rounds", "warm: requests")
    for each in QUESTIONS.values():
        for name in UPSTREAMS:
            stem = f"{each.name.lower()}.{name}"
            if f"{stem}.cold.requests" not in figures:
                continue
            least = each.least[name]
            wall = 1.25 * 100 * ROUNDS[stem] + 60
            asked.add_row(
                stem, "aim, at most", str(COLD[stem]), str(ROUNDS[stem]), f"{wall:.0f}", str(HELD[stem]), "", "0"
            )
            asked.add_row("", "limit", str(least.requests), str(least.rounds), f"{100 * least.rounds}", "", "", "0")
            asked.add_row("", "gateway", *_cells(figures, f"{stem}.cold", f"{stem}.held"),
                          _number(figures, f"{stem}.warm.requests"))  # fmt: skip
            asked.add_row("", "baseline", *_cells(figures, f"{stem}.baseline", ""))
    for stem in (*(f"stampede{n}" for n in STAMPEDES), "person"):
        if f"{stem}.requests" in figures:
            asked.add_row(stem, "gateway", *_cells(figures, stem, ""))
    rest = _table("", "measured", "aim, at most")
    for name, value in figures.items():
        if not name.startswith((*STEMS, "stampede", "person")):
            aim = AIMS.get(name, LIMITS.get(name))
            rest.add_row(name, f"{value:g}", "" if aim is None else f"{aim:g}")
    out = StringIO()
    console = Console(file=out, width=150, highlight=False)
    for table in (asked, rest):
        console.print()
        console.print(table)
    return out.getvalue()


def _cells(figures: Figures, stem: str, held: str) -> list[str]:
    names = (f"{stem}.requests", f"{stem}.rounds", f"{stem}.ms.at100", f"{held}.requests", f"{held}.rounds")
    return [_number(figures, name) for name in names]


def _number(figures: Figures, name: str) -> str:
    return f"{figures[name]:.0f}" if name in figures else ""


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if not number else "right")
    return table


if __name__ == "__main__":
    sys.exit(main())
