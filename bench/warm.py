"""Throughput over one wide source, answers varied over 16 windows: ours, the baseline, and bytes that are ready.

Two pairs are like for like: what is held against the baseline with its GETs cached, and both asking every time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import processes, upstream
from bench.cold import end_cursor
from bench.figures import Samples
from bench.load import connected, load, question
from bench.processes import Running
from bench.queries import USERS, WIDE, Question
from bench.truth import Truth

CLIENTS = (1, 16)
CONTENDERS = ("held", "baseline_cached", "unheld", "baseline", "fixed")
"""Ours first, last the limit, which repeats the first one's answers."""
BASELINES = ("baseline_cached", "baseline")
HOLDING = ("held", "baseline_cached")
LONG = 1.5
"""Seconds. Stretches that take longer have enough answers in them and are not repeated."""
AT_ONCE = "0.001s"
"""Tables that age at once: nothing that one operation read serves the next."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to answer: a server, and how each question is put to it, window by window. `answers`: checked already."""

    name: str
    server: Running
    bodies: Mapping[str, Sequence[bytes]]
    answers: dict[tuple[str, int], bytes] = field(default_factory=dict)


@dataclass
class Warm:
    """The plan of the warm stretches: so many seconds each, so many times, every contender in turn.

    clients: how many ask at once. overlap: in how many windows a row may stand.
    """

    questions: Sequence[Question]
    seconds: float
    rounds: int
    windows: int
    contenders: Sequence[str]
    truth: Truth
    samples: Samples
    folder: Path
    clients: Sequence[int] = CLIENTS
    overlap: int = 2

    def starts(self, each: Question) -> list[int]:
        """So many windows, but no row in more than `overlap` of them."""
        return each.starts(min(self.windows, self.overlap * USERS // each.first))

    async def measure(self, source: Running) -> None:
        await upstream.set_latency(source, 0)
        token = await upstream.token(source)
        with ExitStack() as stack:
            started = await processes.together(stack, *(self._start(name, source, token) for name in self.contenders))
            contenders: list[Contender] = []
            for name, server in zip(self.contenders, started, strict=True):
                if name == "fixed":
                    contenders.append(await self._fixed(server, contenders[0]))
                    continue
                bodies = self._put_to_baseline() if name in BASELINES else await self._put_to_gateway(server)
                contenders.append(Contender(name, server, bodies))
                if name in HOLDING:
                    await self._prime(contenders[-1])
            for each in self.questions:
                long: set[tuple[str, int]] = set()
                for _ in range(self.rounds):
                    for clients in self.clients:
                        for contender in contenders:
                            if (contender.name, clients) in long:
                                continue
                            if await self._stretch(contender, each, clients, source) > LONG:
                                long.add((contender.name, clients))
            for contender in contenders:
                self.samples.add(f"rss_mb.{contender.name}", contender.server.rss_mb())

    def _start(self, name: str, source: Running, token: str) -> AbstractContextManager[Running]:
        if name == "fixed":
            return processes.fixed_bytes()
        if name in BASELINES:
            return processes.baseline(WIDE, source, token, cached=name == "baseline_cached")
        fresh_for = "1h" if name == "held" else AT_ONCE
        config = self.folder / f"{name}.toml"
        return processes.gateway(processes.write_config(config, WIDE, source, ["measured"], fresh_for=fresh_for))

    async def _stretch(self, contender: Contender, each: Question, clients: int, source: Running) -> float:
        """Seconds that it took."""
        bodies = contender.bodies[each.name]

        def check(window: int, answer: bytes) -> None:
            if answer != contender.answers.get((each.name, window)):
                self.truth.check(each, self.starts(each)[window], answer)
                contender.answers[each.name, window] = answer

        await upstream.reset(source)
        done = await load(contender.server, bodies, clients, self.seconds, max(clients, 3), check)
        asked = (await upstream.counted(source)).data
        stem = f"{each.name.lower()}.{contender.name}.clients{clients}"
        self.samples.add(f"{stem}.per_second", done.rate)
        self.samples.add(f"{stem}.cpu_ms", done.cpu_ms)
        self.samples.add(f"{stem}.requests", asked / len(done.waits))
        self.samples.extend(f"{stem}.waits", done.waits)
        return done.seconds

    async def _put_to_gateway(self, server: Running) -> dict[str, list[bytes]]:
        made = {}
        async with connected(server.port) as connection:
            for each in self.questions:
                cursors = [await end_cursor(connection, start) for start in self.starts(each)]
                made[each.name] = [question(each.of_gateway, after=cursor) for cursor in cursors]
        return made

    def _put_to_baseline(self) -> dict[str, list[bytes]]:
        return {
            each.name: [question(each.of_baseline, offset=start) for start in self.starts(each)]
            for each in self.questions
        }

    async def _prime(self, contender: Contender) -> None:
        """Ask every window once, so that what can be held is."""
        async with connected(contender.server.port) as connection:
            for each in self.questions:
                for window, start in enumerate(self.starts(each)):
                    answer = await connection.post(contender.bodies[each.name][window])
                    self.truth.check(each, start, answer)
                    contender.answers[each.name, window] = answer

    async def _fixed(self, server: Running, like: Contender) -> Contender:
        """The limit: the very answers of `like`, sent without a thought."""
        async with connected(server.port) as connection:
            for (name, window), answer in like.answers.items():
                await connection.ask("PUT", "/", like.bodies[name][window] + b"\0" + answer)
        return Contender("fixed", server, like.bodies, like.answers)
