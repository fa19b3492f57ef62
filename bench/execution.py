"""`python -m bench.execution`: what executing a query and answering it takes, beside plain Strawberry.

Ends with 1 if an answer was wrong, or a source was asked for what is held; never because of a time.
docs/performance.md, "Execution", says what is measured, and how.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from types import MappingProxyType
from typing import Final

from rich.console import Console
from rich.table import Table

from bench import command, processes
from bench.figures import Figures, Samples, broken, unmeasured
from bench.in_process import Comparison
from bench.over_http import OverHttp
from bench.queries import QUESTIONS, WIDE
from bench.report import cpu_ms
from bench.truth import Truth
from bench.warm import Warm

PARTS: Final = ("in_process", "withheld", "careful", "fallback", "http", "server", "start")
CASES: Final = ("a", "b", "c")
WINDOWS: Final = 16
AGAINST: Final = {"uncached": ("unheld", "baseline"), "held": ("held", "baseline_cached")}
"""The gateway and the baseline, as `bench.warm` names them, by what is compared."""

AT_LEAST: Final[Mapping[str, float]] = MappingProxyType(
    {
        "in_process.plain.a": 50, "in_process.plain.b": 120, "in_process.plain.c": 30,
        "in_process.cached.a": 45, "in_process.cached.b": 100, "in_process.cached.c": 9,
        "http.plain.a": 45, "http.plain.b": 110, "http.plain.c": 25,
        "careful.cached.a": 6, "careful.cached.b": 15,
        "server.uncached.w1": 4, "server.uncached.w2": 10, "server.uncached.w3": 5, "server.uncached.w4": 10,
        "server.held.w1": 12, "server.held.w2": 80, "server.held.w3": 60, "server.held.w4": 150,
    }
)  # fmt: skip
AT_MOST: Final[Mapping[str, float]] = MappingProxyType(
    {
        "withheld.limited.a": 1.5, "withheld.limited.b": 1.5, "withheld.limited.c": 2,
        "fallback.extra_us": 150, "start.seconds": 1.8, "rss_mb": 150,
    }
)  # fmt: skip
"""What is aimed at; told, not held against anyone."""

PROMISED: Final = frozenset({*AT_LEAST, *AT_MOST, *(f"server.held_ms.{name.lower()}" for name in QUESTIONS)})
"""What `--json` has in it whenever everything was measured."""

ROWS: Final = (
    ("in process ÷ plain Strawberry", "in_process.plain", CASES),
    ("in process ÷ Strawberry with caches and orjson", "in_process.cached", CASES),
    ("server CPU per request ÷ strawberry.asgi", "http.plain", CASES),
    ("one bad record ÷ Strawberry with caches", "careful.cached", CASES),
    ("whole server, source asked every time", "server.uncached", tuple(name.lower() for name in QUESTIONS)),
    ("whole server, tables held", "server.held", tuple(name.lower() for name in QUESTIONS)),
)


async def measure(options: argparse.Namespace, folder: Path) -> Figures:
    samples, parts = Samples(), options.only.split(",")
    if alone := [part for part in parts if part in PARTS[:4]]:
        command.say("in process")
        await Comparison(options.seconds, options.runs, samples).measure(alone)
    if "http" in parts:
        command.say("over HTTP")
        await OverHttp(options.stretch, options.runs, samples).measure()
    if "server" in parts or "start" in parts:
        with processes.sandbox(WIDE) as source:
            if "start" in parts:
                command.say("start")
                config = processes.write_config(folder / "start.toml", WIDE, source, ["measured"])
                for run in range(options.runs + 1):
                    with processes.gateway(config, folder / "bytecode") as started:
                        if run:  # the first one compiles
                            samples.add("start.seconds", started.started)
                            samples.add("start.cpu_seconds", started.cpu())
            if "server" in parts:
                command.say("whole server")
                warm = Warm(
                    list(QUESTIONS.values()), options.stretch, options.runs, options.windows,
                    [name for pair in AGAINST.values() for name in pair], Truth(), samples, folder,
                    clients=[options.clients], overlap=WINDOWS,
                )  # fmt: skip
                await warm.measure(source)
    return compared(samples.figures(), options.clients)


def compared(figures: Figures, clients: int) -> Figures:
    """The figures, and how many times the CPU of the gateway the baseline takes for the same answers."""
    made = dict(figures)
    for each in QUESTIONS.values():
        for what, (ours, theirs) in AGAINST.items():
            own, other = cpu_ms(figures, each, ours, clients), cpu_ms(figures, each, theirs, clients)
            if own is not None and other is not None:
                made[f"server.{what}.{each.name.lower()}"] = round(other / own, 3)
                made[f"server.{what}_ms.{each.name.lower()}"] = own
    if "rss_mb.held" in figures:
        made["rss_mb"] = figures["rss_mb.held"]
    return made


def limits(clients: int) -> dict[str, float]:
    """Most upstream requests for an answer, by name: what is held is not asked for."""
    return {f"{name.lower()}.held.clients{clients}.requests": 0 for name in QUESTIONS}


def told(figures: Figures) -> str:
    """What was measured beside what is aimed at; what falls short is marked."""
    ratios, rest = _table("", *("",) * 4), _table("", "measured", "aim")
    for title, stem, names in ROWS:
        if any(f"{stem}.{name}" in figures for name in names):
            ratios.add_row(title, *(_beside(figures, f"{stem}.{name}") for name in names))
            if f"{stem}_ms.{names[0]}" in figures:
                ratios.add_row("", *(f"{figures[f'{stem}_ms.{name}']:.2f} ms" for name in names))
    for name, most in AT_MOST.items():
        if name in figures:
            short = "" if figures[name] <= most else "  short"
            rest.add_row(name, f"{figures[name]:.4g}", f"at most {most:g}{short}")
    for name, value in figures.items():
        if ".ms." in name:
            rest.add_row(name, f"{value:.4g}", "")
    out = StringIO()
    console = Console(file=out, width=150, highlight=False)
    for table in (ratios, rest):
        console.print()
        console.print(table)
    return out.getvalue()


def _beside(figures: Figures, name: str) -> str:
    if name not in figures:
        return ""
    short = "" if figures[name] >= AT_LEAST[name] else " short"
    return f"{name.rpartition('.')[2]}: {figures[name]:.1f} of {AT_LEAST[name]:g}{short}"


def _table(*columns: str) -> Table:
    table = Table(show_header=any(columns), box=None, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if not number else "right")
    return table


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench.execution", description=(__doc__ or "").partition("\n")[0])
    made.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    made.add_argument("--runs", type=int, default=5, help="stretches of each contender, and starts")
    made.add_argument("--seconds", type=float, default=6.0, help="CPU that each case may take in process")
    made.add_argument("--stretch", type=float, default=0.5, help="seconds of a stretch over HTTP")
    made.add_argument("--windows", type=int, default=WINDOWS, help="different windows asked of the whole server")
    made.add_argument("--clients", type=int, default=16, help="clients at once of the whole server")
    made.add_argument("--quick", action="store_true", help="short, few clients and windows: is everything still there?")
    made.add_argument("--json", action="store_true", help="print one flat object, name to number, instead of tables")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    made = parser()
    options = made.parse_args(argv)
    if options.quick:
        options.runs, options.seconds, options.stretch, options.windows, options.clients = 1, 0.0, 0.0, 3, 3
    if unknown := [part for part in options.only.split(",") if part not in PARTS]:
        made.error(f"no {unknown[0]}; there are {', '.join(PARTS)}")
    promised = PROMISED if options.only == ",".join(PARTS) else frozenset[str]()
    return command.run(
        lambda folder: measure(options, folder),
        told,
        lambda figures: [*broken(figures, limits(options.clients)), *unmeasured(figures, promised)],
        as_json=options.json,
    )


if __name__ == "__main__":
    sys.exit(main())
