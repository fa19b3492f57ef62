"""`python -m bench.soak`: a gateway over districts that fail, one request in twenty, under clients of all kinds.

Ends with 1 if an answer was wrong, late or not there, or if memory, sockets or tasks stay behind.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bench import processes, upstream
from bench.answers import ListAsked, Truth, UserAsked
from bench.crowd import Crowd, Question, Seen, Wait, request
from bench.figures import Figures, broken, percentile
from bench.load import Failed, connected
from bench.processes import Running
from bench.vitals import Vitals, memory, metrics, starved, vitals
from gateway.sandbox.district import FIXED_TODAY, generate
from gateway.sandbox.server import make_server

KINDS = {"north": "standard-1.2", "east": "classlink", "south": "infinite-campus-1.2", "west": "standard-1.1"}
ASIDE = "aside"
"""A district that is not asked but by clients that leave."""
STUDENTS = 150
FAULTS = (
    "status=503@0.012", "status=500@0.005", "cut@0.008", "slow=0.5@0.008", "throttle=1@0.003", "silence@0.002",
    "drip@0.002", "login@0.002", "empty@0.001", "null@0.001", "wrong-key@0.001", "bad-records=1@0.001",
    "short@0.002", "another@0.001", "redirect@0.0005", "link-elsewhere@0.0005", "bomb=80@0.0002",
    "token-status=500@0.05",
)  # fmt: skip
"""One request in twenty, of all sorts; of those for tokens as many."""

DEADLINE = 4.0
GRACE = 0.5
HEADERS_WITHIN = 2.0
CLOSED_WITHIN = HEADERS_WITHIN + 2.0
"""Seconds in which who sends headers byte by byte is to be sent away."""
SETTLED = 10.0
"""Seconds after the load in which sockets and tasks are to be back."""
REST = 6.0
"""Seconds for which nobody asks before these are looked at: longer than any connection is kept without use."""

MOST = {
    "soak.late": 0, "soak.never": 0, "soak.unanswered": 0, "soak.http_500": 0, "soak.http_other": 0, "soak.not_json": 0,
    "soak.silently_short": 0, "soak.not_closed": 0, "soak.settled_s": SETTLED, "soak.left_s": 1.0,
    "soak.rss_percent_per_10_min": 1.0, "soak.rss_mb.grown": 12.0, "soak.shared_was_ended": 0,
}  # fmt: skip
"""What may be at most. rss_percent_per_10_min is measured by a long soak alone, rss_mb.grown by a short one."""

TIMES = frozenset({"soak.late", "soak.settled_s", "soak.left_s"})
"""Those of them that a machine with other work may break."""

CONFIG = f"""[gateway]
secret = "env:BENCH_GATEWAY_SECRET"
deadline = "{DEADLINE:g}s"
[http]
headers_within = "{HEADERS_WITHIN:g}s"
"""
SOURCE = """
[[sources]]
{settings}
client_secret = "env:BENCH_CLIENT_SECRET"
[sources.capabilities]
max_limit = 40
[sources.cache]
fresh_for = {{ users = "1s", classes = "1s", courses = "1s", enrollments = "1s" }}
[sources.timeouts]
attempt = "{attempt}"
[sources.breaker]
open_for = "2s"
"""


@dataclass
class Watch:
    """Looks at the gateway once a second. starved: the seconds for which it waited for a processor, until when."""

    gateway: Running
    rss: list[tuple[float, float]] = field(default_factory=list)
    starved: list[tuple[float, float]] = field(default_factory=list)
    health: list[float] = field(default_factory=list)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._measure())
            group.create_task(self._listen())

    async def _measure(self) -> None:
        while True:
            self.rss.append((time.perf_counter(), self.gateway.rss_mb()))
            with suppress(Failed):
                async with connected(self.gateway.port) as connection:
                    began = time.perf_counter()
                    await connection.ask("GET", "/readyz")
                    self.health.append(1000 * (time.perf_counter() - began))
            await asyncio.sleep(1)

    async def _listen(self) -> None:
        while True:
            self.starved.append((time.perf_counter(), starved(self.gateway)))
            await asyncio.sleep(0.05)

    def late(self, waits: Sequence[Wait], most: float) -> tuple[int, float]:
        """How many took longer than they may; and the longest one's seconds beyond that.

        The machine may be busy with others: the time in which the gateway could have worked on it and was given no
        processor is allowed on top.
        """
        over = [wait for wait in waits if wait.seconds > most]
        beyond = [w.seconds - most - self._starved(w.began, w.began + w.seconds) for w in over]
        return sum(more > 0 for more in beyond), max(beyond, default=0.0)

    def _starved(self, began: float, ended: float) -> float:
        known = [total for at, total in self.starved if began <= at <= ended]
        return known[-1] - known[0] if known else 0.0


@dataclass(frozen=True, slots=True)
class Soak:
    gateway: Running
    districts: Mapping[str, Running]
    truths: Mapping[str, Truth]
    seconds: float
    clients: int
    seed: int
    rest: float

    async def measure(self) -> tuple[Figures, list[str]]:
        """The figures, and examples of what went wrong."""
        seen = Seen()
        crowd = Crowd(self.gateway.port, self._questions(), self.truths, HEADERS_WITHIN, seen, random.Random(self.seed))
        before = await self._calm(crowd)
        await self._switch(FAULTS)
        watch = Watch(self.gateway)
        watching = asyncio.create_task(watch.run())
        try:
            await crowd.run(self.seconds, self.clients, max(1, self.clients // 4), 2)
        finally:
            watching.cancel()
        await self._switch(())
        settled, after = await self._settled(before)
        left, ended = await self._leaving()
        late, beyond = watch.late(seen.waits, DEADLINE + GRACE)
        not_closed, _ = watch.late(seen.closed, CLOSED_WITHIN)
        counted = await metrics(self.gateway)
        waits = [1000 * wait.seconds for wait in seen.waits]
        (since, none), (until, all_of_it) = watch.starved[0], watch.starved[-1]
        figures = {f"soak.{name}": float(seen.counts[name]) for name in ("complete", "incomplete", "left")}
        figures |= {f"soak.{name}": float(count) for name, count in seen.counts.items()}
        figures |= {
            "soak.minutes": self.seconds / 60,
            "soak.closed": len(seen.closed),
            "soak.not_closed": not_closed,
            "soak.answers": len(waits),
            "soak.p50_ms": percentile(waits, 0.5),
            "soak.p99_ms": percentile(waits, 0.99),
            "soak.max_ms": max(waits),
            "soak.late": late,
            "soak.late_by_s": beyond,
            "soak.starved_share": (all_of_it - none) / (until - since),
            "soak.health_ms.p99": percentile(watch.health, 0.99),
            "soak.upstream.requests": counted["gateway_upstream_requests_total"],
            "soak.upstream.retries": counted["gateway_upstream_retries_total"],
            "soak.upstream.stale_reads": counted["gateway_stale_reads_total"],
            "soak.settled_s": settled,
            "soak.files.before": before.files,
            "soak.files.after": after.files,
            "soak.tasks.before": before.tasks,
            "soak.tasks.after": after.tasks,
            "soak.left_s": left,
            "soak.shared_was_ended": ended,
            **memory(watch.rss),
        }
        return {name: round(value, 3) for name, value in sorted(figures.items())}, seen.examples

    def _questions(self) -> list[Question]:
        keys = tuple(KINDS)
        chance = random.Random(self.seed)
        lists = [
            ListAsked("users", 100, keys),
            ListAsked("users", 50, keys, tree=True),
            ListAsked("users", 1000, keys),
            ListAsked("users", 500, keys, tree=True),
            ListAsked("classes", 1000, keys),
            *(ListAsked(of, 1000, (key,)) for key in keys for of in ("users", "classes")),
        ]
        users = [UserAsked(key, chance.choice(list(self.truths[key].users))) for key in keys for _ in range(4)]
        return [*lists, *users]

    async def _calm(self, crowd: Crowd) -> Vitals:
        """Everything once without a fault, all of it complete; then what the gateway holds when nobody asks."""
        calm = Seen()
        for question in crowd.questions:
            await Crowd(crowd.port, [question], crowd.truths, HEADERS_WITHIN, calm, crowd.chance).ask(question)
        if calm.counts["complete"] != len(crowd.questions):
            raise RuntimeError(f"while nothing was wrong: {dict(calm.counts)} {calm.examples}")
        await asyncio.sleep(self.rest)
        return await vitals(self.gateway)

    async def _switch(self, faults: Sequence[str]) -> None:
        await asyncio.gather(*(upstream.switch(self.districts[key], faults) for key in KINDS))

    async def _settled(self, before: Vitals) -> tuple[float, Vitals]:
        """Seconds until sockets and tasks are back at what they were."""
        began = time.perf_counter()
        while True:
            now, took = await vitals(self.gateway), time.perf_counter() - began
            if now.within(before) or took > 2 * SETTLED:
                return took, now
            await asyncio.sleep(0.25)

    async def _leaving(self) -> tuple[float, float]:
        """Seconds from when a client leaves until the source has nothing more to answer; and whether (1) what two asked
        for was ended when the first left.
        """
        source = self.districts[ASIDE]
        await upstream.switch(source, ["silence"])
        body = UserAsked(ASIDE, "somebody").body
        one = await self._asking(body)
        await _until(source, 1)
        other = await self._asking(body)
        await asyncio.sleep(0.3)
        one.transport.abort()
        await asyncio.sleep(0.5)
        ended = float(await upstream.unanswered(source) == 0)
        other.transport.abort()
        took = await _until(source, 0)
        await upstream.switch(source, ())
        return took, ended

    async def _asking(self, body: bytes) -> asyncio.StreamWriter:
        _, writer = await asyncio.open_connection("127.0.0.1", self.gateway.port)
        writer.write(request(body))
        return writer


async def _until(source: Running, unanswered: int) -> float:
    """Seconds until it has so many requests in hand; 10 if it does not come to that."""
    began = time.perf_counter()
    while True:
        took = time.perf_counter() - began
        if took > 10 or await upstream.unanswered(source) == unanswered:
            return took
        await asyncio.sleep(0.02)


def config(folder: Path, districts: Mapping[str, Running]) -> Path:
    path = folder / "gateway.toml"
    tables = []
    for key, running in districts.items():
        told = {**running.settings, "key": key}
        del told["client_secret"]
        # A text, true or a number is written in TOML as in JSON.
        settings = "\n".join(f"{name} = {msgspec.json.encode(value).decode()}" for name, value in told.items())
        # There what clients leave is to be ended by their leaving, not by a time.
        tables.append(SOURCE.format(settings=settings, attempt="1m" if key == ASIDE else "1s"))
    path.write_text(CONFIG + "".join(tables), "utf-8")
    return path


async def soak(minutes: float, clients: int, seed: int, folder: Path, rest: float = REST) -> tuple[Figures, list[str]]:
    kinds = {**KINDS, ASIDE: "standard-1.2"}
    with ExitStack() as stack:
        seeds = {key: seed + n for n, key in enumerate(kinds)}
        starting = [processes.district(kind, seeds[key], STUDENTS) for key, kind in kinds.items()]
        districts = dict(zip(kinds, await processes.together(stack, *starting), strict=True))
        truths = {
            key: Truth.of(make_server(kind, generate(seeds[key], STUDENTS, today=FIXED_TODAY)))
            for key, kind in kinds.items()
        }
        gateway = stack.enter_context(processes.gateway(config(folder, districts)))
        return await Soak(gateway, districts, truths, 60 * minutes, clients, seed, rest).measure()


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench.soak", description=(__doc__ or "").partition("\n")[0])
    made.add_argument("--minutes", type=float, default=30, help="of load")
    made.add_argument("--clients", type=int, default=12, help="that ask and wait; a quarter as many leave, two dawdle")
    made.add_argument("--seed", type=int, default=1, help="of the districts and of what is asked")
    made.add_argument("--counts-only", action="store_true", help="times are told, and end nothing")
    made.add_argument("--json", action="store_true", help="print one flat object, name to number, instead of lines")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    options = parser().parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        figures, examples = asyncio.run(soak(options.minutes, options.clients, options.seed, Path(folder)))
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(figures)).decode())
    else:
        print("\n".join(f"{name:32}{value:12g}" for name, value in figures.items()))
    faults = broken(figures, MOST)
    for said in (*examples, *faults):
        print(said, file=sys.stderr)
    if options.counts_only:
        faults = broken(figures, {name: most for name, most in MOST.items() if name not in TIMES})
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
