"""The figures as tables to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table

from bench.figures import Figures
from bench.queries import UPSTREAMS, Question
from bench.warm import CLIENTS

CONTENDERS = {
    "fixed": "limit: ready bytes",
    "held": "gateway, tables held",
    "baseline_cached": "baseline, GETs cached",
    "unheld": "gateway, asking every time",
    "baseline": "baseline, asking every time",
}
RATIOS = (("held", "baseline_cached"), ("unheld", "baseline"))


def told(figures: Figures, questions: Sequence[Question]) -> str:
    """Everything that was measured, and nothing that was not."""
    out = StringIO()
    console = Console(file=out, width=150, highlight=False)
    for title, table in (
        (
            "Cold: empty tables, token held, connections open; ms at the source's latency in ms",
            _cold(figures, questions),
        ),
        ("Warm: latency 0, with 1 and with 16 clients", _warm(figures, questions)),
        ("Baseline ÷ gateway: server CPU per request, 16 clients", _ratios(figures, questions)),
        ("Processes", _process(figures)),
    ):
        if table.row_count:
            console.print(f"\n{title}\n")
            console.print(table)
    return out.getvalue()


def _table(*columns: str) -> Table:
    table = Table(show_header=any(columns), box=None, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number < 2 else "right")
    return table


def _cold(figures: Figures, questions: Sequence[Question]) -> Table:
    latencies = sorted({int(name.rpartition(".at")[2]) for name in figures if ".cold.ms.at" in name})
    waits = [f"ms at {ms}" for ms in latencies]
    table = _table(
        "", "", "requests", "in flight", "rounds", *waits, "CPU ms", "source's", "then warm",
    )  # fmt: skip
    for each in questions:
        for upstream in UPSTREAMS:
            stem = f"{each.name.lower()}.{upstream}"
            if f"{stem}.cold.requests" not in figures:
                continue
            least = each.least[upstream]
            limits = [str(least.rounds * ms) for ms in latencies]
            table.add_row(
                f"{each.name} {upstream}", "limit", str(least.requests), "", str(least.rounds), *limits, "", "", "0"
            )
            for state, who in (("cold", "gateway"), ("baseline", "baseline")):
                cells = [f"{figures.get(f'{stem}.{state}.ms.at{ms}', 0):.0f}" for ms in latencies]
                again = f"{figures[f'{stem}.warm.requests']:g}" if state == "cold" else ""
                table.add_row(
                    "",
                    who,
                    f"{figures[f'{stem}.{state}.requests']:g}",
                    f"{figures[f'{stem}.{state}.in_flight']:g}",
                    _number(figures.get(f"{stem}.{state}.rounds"), 1),
                    *cells,
                    _number(figures[f"{stem}.{state}.cpu_ms"], 0),
                    _number(figures[f"{stem}.{state}.source_cpu_ms"], 0),
                    again,
                )
    return table


def _warm(figures: Figures, questions: Sequence[Question]) -> Table:
    columns = [f"{what}, {n}" for n in CLIENTS for what in ("req/s", "p50 ms", "p99 ms", "CPU ms")]
    table = _table("", "", *columns, "upstream")
    for each in questions:
        for name, who in CONTENDERS.items():
            stems = [f"{each.name.lower()}.{name}.clients{n}" for n in CLIENTS]
            if f"{stems[0]}.per_second" not in figures:
                continue
            cells = []
            for stem in stems:
                cells += [
                    f"{figures[f'{stem}.per_second']:.{0 if figures[f'{stem}.per_second'] >= 20 else 1}f}",
                    _number(figures[f"{stem}.p50_ms"], 1),
                    _number(figures[f"{stem}.p99_ms"], 1),
                    _number(figures[f"{stem}.cpu_ms"], 2),
                ]
            table.add_row(
                each.name if name == "fixed" else "", who, *cells, _number(figures[f"{stems[0]}.requests"], 1)
            )
    return table


def _ratios(figures: Figures, questions: Sequence[Question]) -> Table:
    table = _table("", "", *(q.name for q in questions))
    for ours, theirs in RATIOS:
        cells = [ratio(figures, each, ours, theirs) for each in questions]
        if any(cells):
            table.add_row(CONTENDERS[ours], "", *(_number(cell, 2) for cell in cells))
    return table


def ratio(figures: Figures, each: Question, ours: str, theirs: str) -> float | None:
    own, other = cpu_ms(figures, each, ours), cpu_ms(figures, each, theirs)
    return other / own if own and other else None


def cpu_ms(figures: Figures, each: Question, who: str, clients: int = max(CLIENTS)) -> float | None:
    """Of the server, for one answer."""
    return figures.get(f"{each.name.lower()}.{who}.clients{clients}.cpu_ms")


def with_ratios(figures: Figures, questions: Iterable[Question]) -> Figures:
    """The figures, and how many times the CPU of the gateway the baseline takes for the same answers."""
    made = dict(figures)
    for each in questions:
        for ours, theirs in RATIOS:
            found = ratio(figures, each, ours, theirs)
            if found is not None:
                made[f"{each.name.lower()}.ratio.{ours}.cpu"] = round(found, 3)
    return made


def _process(figures: Figures) -> Table:
    table = _table("", "", "")
    for name, value in figures.items():
        if name.startswith("rss_mb"):
            table.add_row(name.partition(".")[2], "RSS, MB", f"{value:.0f}")
        if name == "start.seconds":
            table.add_row("gateway", "start to listening, s", f"{value:.2f}")
    return table


def _number(value: float | None, places: int) -> str:
    return "" if value is None else f"{value:.{places}f}"
