"""The same operations over HTTP: CPU of the server's process for each request, Strawberry's view beside the gateway."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from bench import processes
from bench.asking import SMALL, read_whole
from bench.cases import CASES
from bench.figures import Samples
from bench.held import KEY
from bench.in_process import alike
from bench.load import connected, load, question
from bench.processes import Running
from bench.truth import WrongAnswer

VIEWS = ("plain", "gateway")
CLIENTS = 4


@dataclass(frozen=True, slots=True)
class OverHttp:
    """seconds: of each stretch. rounds: stretches of each case and view, in turn; the median counts."""

    seconds: float
    rounds: int
    samples: Samples

    async def measure(self) -> None:
        with ExitStack() as stack:
            started = await processes.together(stack, *map(processes.view, VIEWS))
            servers = dict(zip(VIEWS, started, strict=True))
            for server in servers.values():
                await read_whole(server, KEY, (*SMALL, "USER", "ENROLLMENT"))
            for case, query in CASES.items():
                took = await self._turns(servers, question(query))
                for view, each in took.items():
                    self.samples.add(f"http.ms.{view}.{case}", median(each))
                self.samples.add(f"http.plain.{case}", median(took["plain"]) / median(took["gateway"]))

    async def _turns(self, servers: dict[str, Running], asked: bytes) -> dict[str, list[float]]:
        """CPU ms of each view for one request, in each stretch."""
        right: dict[str, bytes] = {}
        for view, server in servers.items():
            async with connected(server.port) as connection:
                right[view] = await connection.post(asked)
        alike(right)
        took: dict[str, list[float]] = {view: [] for view in servers}
        for _ in range(self.rounds):
            for view, server in servers.items():
                done = await load(server, [asked], CLIENTS, self.seconds, CLIENTS, only(right[view]))
                took[view].append(done.cpu_ms)
        return took


def only(right: bytes) -> Callable[[int, bytes], None]:
    """A check that no other answer comes."""

    def check(_: int, answer: bytes) -> None:
        if answer != right:
            raise WrongAnswer(f"another answer than before: {answer[:300]!r}")

    return check
