"""F19 and rules 1 to 5, whatever happens in whatever order: generated histories of two sources with the same ids.

python -m tests.faults.test_model 1000 50
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.faults.clock import ForwardLoop
from tests.faults.model import FAULTS, IDS, KEYS, Event, Model, Truth

REPORTS = "sources { source { key } state code }"
PEOPLE = f"""query ($sources: [ID!]!) {{
  users(first: 500, sources: $sources, orderBy: {{ field: FAMILY_NAME }}) {{
    complete totalCount nodes {{ sourcedId givenName source {{ key }} }} {REPORTS}
  }}
}}"""
FIRST = f"""query ($sources: [ID!]!) {{
  users(first: 6, sources: $sources) {{
    complete totalCount nodes {{ sourcedId givenName source {{ key }} }} {REPORTS} pageInfo {{ hasNextPage }}
  }}
}}"""
ONE = "query ($source: ID!, $id: String!) { user(source: $source, sourcedId: $id) { sourcedId givenName } }"
CLASS = """query ($source: ID!, $id: String!) {
  class(source: $source, sourcedId: $id) { title enrollments { sourcedId user { sourcedId givenName source { key } } } }
}"""

MOST_REQUESTS = 120
"""Of one operation to one source: two collections, three times over, with what may be tried again."""

NUMBER = st.integers(0, IDS - 1)
DEED = st.tuples(st.sampled_from(["joins", "leaves"]), NUMBER)
FAULT = st.tuples(st.sampled_from(sorted(FAULTS)), st.just(0))
EVENTS = st.dictionaries(st.integers(1, 8), st.lists(DEED | DEED | FAULT, min_size=1, max_size=2), max_size=3)
SOME = st.sampled_from([("a",), ("b",), ("a", "b")])

Events = Mapping[int, list[Event]]


class Reading(RuleBasedStateMachine):
    """Each rule ends with nothing under way."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=ForwardLoop)

    @initialize(totals=st.booleans())
    def opens(self, totals: bool) -> None:
        async def made() -> Model:
            return Model(totals)

        self.model = self.runner.run(made())

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.runner.run(self.model.sources.close())
        self.runner.close()

    # -------------------------------------------------------------- what happens

    @rule(key=st.sampled_from(KEYS), deed=DEED)
    def changes(self, key: str, deed: Event) -> None:
        truth = self.model.truths[key]
        truth.now += 1
        (truth.joins if deed[0] == "joins" else truth.leaves)(deed[1])

    @rule(key=st.sampled_from(KEYS))
    def expires(self, key: str) -> None:
        self.model.expire(key)

    @rule(seconds=st.sampled_from([1.0, 40.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        loop = self.runner.get_loop()
        assert isinstance(loop, ForwardLoop)
        loop.ahead += seconds

    @rule(sources=SOME, ours=EVENTS, theirs=EVENTS, turns=st.integers(0, 30))
    def a_client_leaves(self, sources: tuple[str, ...], ours: Events, theirs: Events, turns: int) -> None:
        async def leaves() -> None:
            asking = asyncio.create_task(self.model.ask(PEOPLE, sources=sources))
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await self.model.rest()

        self.begin(ours, theirs)
        self.runner.run(leaves())

    # -------------------------------------------------------------- what is asked

    @rule(sources=SOME, ours=EVENTS, theirs=EVENTS, whole=st.booleans())
    def asks_for_people(self, sources: tuple[str, ...], ours: Events, theirs: Events, whole: bool) -> None:
        told = self.ask(ours, theirs, sources, PEOPLE if whole else FIRST, sources=sources)
        found = told["data"]["users"]
        rows = [(node["source"]["key"], node["sourcedId"]) for node in found["nodes"]]
        assert len(rows) == len(set(rows)), "each sourcedId once"
        faults = {error["extensions"]["source"] for error in told.get("errors", [])}
        assert not (faults and found["complete"])
        old = stale(told, "USER")
        goes_on = not whole and found["pageInfo"]["hasNextPage"]
        for key in sources:
            truth, own = self.model.truths[key], [i for source, i in rows if source == key]
            since = 0 if key in old else truth.since
            for node in found["nodes"]:
                if node["source"]["key"] == key:
                    self.is_of(truth, node, since)
            if found["complete"] and key not in old:
                end = max(rows) if goes_on else None
                due = {i for i in truth.stayed("u", since) if end is None or (key, i) <= end}
                assert due <= set(own), "what is called complete has all who stayed"
        assert {key for key, _ in rows} <= set(sources)
        if found["totalCount"] is not None and not old:
            truths = [self.model.truths[key] for key in sources]
            least, most = (
                sum(len(who(truth)) for truth in truths)
                for who in (lambda t: t.stayed("u", t.since), lambda t: t.were_there("u", t.since))
            )
            assert least <= found["totalCount"] <= most, (least, found, most, told.get("errors"))

    @rule(key=st.sampled_from(KEYS), n=NUMBER, ours=EVENTS)
    def asks_for_one(self, key: str, n: int, ours: Events) -> None:
        truth, i = self.model.truths[key], f"u{n:03}"
        told = self.ask(ours, ours, (key,), ONE, source=key, id=i)
        found, since = told["data"]["user"], 0 if stale(told, "USER") else truth.since
        if found is not None:
            assert found["sourcedId"] == i
            self.is_of(truth, found, since)
        elif "errors" not in told and not stale(told, "USER"):
            assert i not in truth.stayed("u", since), "nobody is denied who stayed"

    @rule(key=st.sampled_from(KEYS), n=st.integers(0, 1), ours=EVENTS)
    def asks_for_a_class(self, key: str, n: int, ours: Events) -> None:
        truth = self.model.truths[key]
        told = self.ask(ours, ours, (key,), CLASS, source=key, id=f"c{n}")
        found = told["data"]["class"]
        if found is None:
            assert told["errors"]
            return
        assert found["title"] == f"{key} class"
        if found["enrollments"] is None:
            assert told["errors"]
            return
        old = stale(told, "ENROLLMENT")
        rows = [row["sourcedId"] for row in found["enrollments"]]
        assert len(rows) == len(set(rows))
        assert all(truth.was_there(i, 0 if old else truth.since) for i in rows)
        for row in found["enrollments"]:
            if row["user"] is not None:
                assert row["user"]["sourcedId"][1:] == row["sourcedId"][1:]
                self.is_of(truth, row["user"], 0 if stale(told, "USER") else truth.since)
        if not old and not [e for e in told.get("errors", []) if e["path"][-1] == "enrollments"]:
            due = {i for i in truth.stayed("e", truth.since) if int(i[1:]) % 4 // 2 == n}
            assert due <= set(rows)

    # -------------------------------------------------------------- helpers

    def begin(self, ours: Events, theirs: Events) -> None:
        for key, events in zip(KEYS, (ours, theirs), strict=True):
            truth = self.model.truths[key]
            truth.events = {truth.asked + n: each for n, each in events.items()}

    def ask(self, ours: Events, theirs: Events, reads: tuple[str, ...], query: str, **variables: Any) -> dict[str, Any]:
        """An answer, held to what is true of each."""

        async def asked() -> dict[str, Any]:
            loop = asyncio.get_running_loop()
            began = loop.time()
            told = await self.model.ask(query, **variables)
            assert loop.time() - began <= 30.5
            await self.model.rest()
            return told

        before = {key: truth.asked for key, truth in self.model.truths.items()}
        self.begin(ours, theirs)
        told = self.runner.run(asked())
        for key, truth in self.model.truths.items():
            sent = truth.asked - before[key]
            assert sent <= (MOST_REQUESTS if key in reads else 0)
        for error in told.get("errors", []):
            assert error["extensions"]["source"] in reads
            assert error["path"]
        return told

    @staticmethod
    def is_of(truth: Truth, person: Mapping[str, Any], since: int) -> None:
        assert person["givenName"] == truth.key, "nothing of the other source"
        assert truth.was_there(person["sourcedId"], since), "whoever is shown was there"


def stale(told: Mapping[str, Any], kind: str) -> set[str]:
    """The sources of which an older copy of these is shown."""
    entries = told["extensions"]["sources"]["notFresh"]
    return {e["source"] for e in entries if e["collection"] == kind and e["state"] in ("STALE", "HELD")}


def lived_through(examples: int, steps: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Reading,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_F19_two_sources_are_read_rightly_whatever_happens_meanwhile() -> None:
    lived_through(examples=100, steps=20)


if __name__ == "__main__":
    lived_through(*map(int, sys.argv[1:]))
