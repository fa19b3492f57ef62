"""One person of a large district by e-mail, with enrollments, classes and courses, while nothing of it is held."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench import processes
from bench.asking import LATENCY, Watching
from bench.figures import Samples
from bench.load import connected, question
from bench.queries import STANDARD, TREE
from bench.truth import WrongAnswer
from bench.watched import Visit

ENROLLED = 8
LAP = 17
"""Classes by which the district of exact sizes shifts each further enrollment of a person."""
QUERY = (
    "query ($email: String!, $sources: [ID!]) { users(sources: $sources, filter: { email: { eq: $email } }) "
    f"{{ nodes {{ sourcedId givenName familyName email {TREE} }} }} }}"
)
LARGE = ("/users", "/students", "/enrollments")
LISTS = (*LARGE, "/classes", "/courses")
OTHER = 10
"""Row of the person who is asked for first, of another source, so that the code has run before."""


@dataclass(frozen=True, slots=True)
class Large:
    """A district of so many people, eight enrollments each, classes of 25."""

    people: int

    @property
    def sizes(self) -> dict[str, int]:
        enrollments = ENROLLED * self.people
        return {
            "users": self.people,
            "classes": enrollments // 25,
            "courses": self.people // 50,
            "enrollments": enrollments,
        }

    def check(self, row: int, body: bytes) -> None:
        """Raises:
        WrongAnswer: it is not that person with their classes and courses, by the numbers at the ends of the titles.
        """
        answer = msgspec.json.decode(body)
        nodes = ((answer.get("data") or {}).get("users") or {}).get("nodes") or []
        if answer.get("errors") or [node["email"] for node in nodes] != [email(row)]:
            raise WrongAnswer(f"person {row}: {len(nodes)} found, {str(answer.get('errors'))[:300]}")
        titles = sorted(
            (each["class"]["title"].rpartition(" - ")[2], each["class"]["course"]["title"].rpartition(" ")[2])
            for each in nodes[0]["enrollments"]
        )
        classes, courses = self.sizes["classes"], self.sizes["courses"]
        wanted = [(row + lap * (self.people + LAP)) % classes for lap in range(ENROLLED)]
        if titles != sorted((str(n + 1), str(n % courses + 1)) for n in wanted):
            raise WrongAnswer(f"person {row}: {len(titles)} enrollments, not those of the district")


def email(row: int) -> str:
    return f"user{row + 1}@measured.example"


async def measure(large: Large, runs: int, long: float, samples: Samples, folder: Path) -> None:
    row = large.people * 2 // 5 + 1
    keys = ["practice", *(f"person-{n}" for n in range(runs + 1))]
    with processes.watched(STANDARD, large.sizes) as source, ExitStack() as stack:
        config = processes.write_config(folder / "person.toml", STANDARD, source, keys)
        ours = stack.enter_context(processes.gateway(config))
        watching = Watching(source, ours, samples, long)
        async with connected(ours.port) as connection:
            large.check(OTHER, await connection.post(question(QUERY, email=email(OTHER), sources=["practice"])))
        for run in range(runs + 1):
            key = f"person-{run}"
            asked = question(QUERY, email=email(row), sources=[key])
            latency = long if run == runs else LATENCY
            visits = await watching.cold(key, "person", asked, lambda body: large.check(row, body), latency)
            samples.add("person.scan.requests", scanned(visits, LARGE))
            samples.add("person.unfiltered.requests", scanned(visits, LISTS))


def scanned(visits: Sequence[Visit], lists: tuple[str, ...]) -> int:
    """Requests for pages of these lists without a condition."""
    return sum(visit.path.endswith(lists) and "filter=" not in visit.query for visit in visits)
