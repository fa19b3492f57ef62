"""`python -m bench`: asks the four questions of a sandbox district, cold and warm, beside the baseline and the limit.

Ends with 1 if an answer was wrong or a count of upstream requests broke its limit; never because of a time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import command, processes
from bench.cold import Cold
from bench.figures import Figures, Samples, broken
from bench.queries import QUESTIONS, UPSTREAMS, Question
from bench.report import told, with_ratios
from bench.truth import Truth
from bench.warm import CONTENDERS, HOLDING, Warm


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").partition("\n")[0])
    made.add_argument("--only", choices=["cold", "warm"], help="one half of it")
    made.add_argument("--questions", default=",".join(QUESTIONS), help="some of W1,W2,W3,W4")
    made.add_argument("--latencies", default="0,20,100", help="milliseconds the source takes over each request")
    made.add_argument("--runs", type=int, default=3, help="cold runs, and warm stretches of each contender")
    made.add_argument("--seconds", type=float, default=0.5, help="length of a warm stretch")
    made.add_argument("--windows", type=int, default=16, help="different windows asked for, warm")
    made.add_argument("--upstreams", default=",".join(UPSTREAMS), help="some of wide,standard; warm is wide alone")
    made.add_argument("--contenders", default=",".join(CONTENDERS), help="who answers, warm")
    made.add_argument("--quick", action="store_true", help="W1 and W2, one run, short: is everything still there?")
    made.add_argument("--json", action="store_true", help="print one flat object, name to number, instead of tables")
    return made


async def measure(options: argparse.Namespace, questions: Sequence[Question], folder: Path) -> Figures:
    truth, samples = Truth(), Samples()
    latencies = [int(ms) for ms in options.latencies.split(",")]
    cold = Cold(questions, latencies, options.runs, truth, samples, folder)
    contenders = options.contenders.split(",")
    warm = Warm(questions, options.seconds, options.runs, options.windows, contenders, truth, samples, folder)
    for name in options.upstreams.split(","):
        with processes.sandbox(UPSTREAMS[name]) as source:
            if options.only != "warm":
                command.say(f"cold, {name}")
                await cold.measure(name, source)
            if options.only != "cold" and name == "wide":
                command.say("warm")
                await warm.measure(source)
    return with_ratios(samples.figures(), questions)


def main(argv: Sequence[str] | None = None) -> int:
    made = parser()
    options = made.parse_args(argv)
    if options.quick:
        options.questions, options.runs, options.latencies = "W1,W2", 1, "0,100"
        options.seconds, options.windows, options.contenders = 0.2, 4, "held,baseline_cached,fixed"
    for given, known in (
        (options.questions, QUESTIONS),
        (options.upstreams, UPSTREAMS),
        (options.contenders, CONTENDERS),
    ):
        if unknown := [name for name in given.split(",") if name not in known]:
            made.error(f"no {unknown[0]}; there are {', '.join(known)}")
    if options.contenders.split(",")[0] not in HOLDING:
        made.error(f"the first contender is {' or '.join(HOLDING)}: what it answers is what fixed repeats")
    questions = [QUESTIONS[name] for name in options.questions.split(",")]
    return command.run(
        lambda folder: measure(options, questions, folder),
        lambda figures: told(figures, questions),
        broken,
        as_json=options.json,
    )


if __name__ == "__main__":
    sys.exit(main())
