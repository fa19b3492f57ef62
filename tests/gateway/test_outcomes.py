"""What is told of sources, whichever of it came first."""

from __future__ import annotations

import re
from itertools import permutations
from pathlib import Path

import pytest

from adapters.errors import Denied, Failing, Forbidden, Overloaded, Unreachable, Unsupported
from adapters.records import RecordType
from gateway.faults import RETRYABLE, WORST_FIRST, ErrorCode, SourceState, rank
from gateway.roster.outcomes import Fault, Outcomes, Place, SourceOutcome

OUTCOMES = (
    SourceOutcome("a", SourceState.FRESH),
    SourceOutcome("a", SourceState.STALE, ErrorCode.UPSTREAM_FAILING),
    SourceOutcome.failed(Unreachable("a", "away")),
    SourceOutcome.failed(Denied("a", "no")),
    SourceOutcome.failed(Unsupported("a", "none")),
)


def told(*seen: SourceOutcome) -> object:
    outcomes = Outcomes()
    for each in seen:
        outcomes.saw(RecordType.USER, each)
    return outcomes.extension()


def test_of_several_states_of_a_collection_the_worst_is_told_whichever_came_first() -> None:
    entry = {"source": "a", "collection": "USER", "state": "FAILED", "code": "UPSTREAM_AUTH"}
    for order in permutations(OUTCOMES):
        assert told(*order) == {"counts": {"FAILED": 1}, "notFresh": [entry]}


@pytest.mark.parametrize("first", [SourceState.STALE, SourceState.FORBIDDEN])
def test_a_source_counts_as_its_worst_collection(first: SourceState) -> None:
    outcomes = Outcomes()
    second = SourceState.FORBIDDEN if first is SourceState.STALE else SourceState.STALE
    outcomes.saw(RecordType.CLASS, SourceOutcome("a", first))
    outcomes.saw(RecordType.USER, SourceOutcome("a", second))
    extension = outcomes.extension()
    assert extension is not None
    assert extension["counts"] == {"FORBIDDEN": 1}


def test_what_does_not_pass_is_worse_than_what_does_and_any_code_than_none() -> None:
    ranks = {code: rank(SourceState.FAILED, code) for code in ErrorCode}
    assert max(ranks[code] for code in ErrorCode if code not in RETRYABLE) < min(ranks[code] for code in RETRYABLE)
    assert max(ranks.values()) < rank(SourceState.FAILED, None) < rank(SourceState.STALE, ErrorCode.UPSTREAM_TLS)


def test_every_state_has_its_place_and_the_documentation_has_them_so() -> None:
    assert set(WORST_FIRST) == set(SourceState)
    text = (Path(__file__).parents[2] / "docs" / "errors.md").read_text("utf-8")
    table = text.partition("| State | Meaning |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(reversed(WORST_FIRST))


def test_a_fault_is_told_of_its_first_place_in_the_answer_whichever_came_first() -> None:
    places = {number: Place(("users", "nodes", number, "orgs"), ()) for number in (0, 3, 10)}
    for order in permutations(places):
        outcomes = Outcomes()
        for number in order:
            outcomes.told(places[number], Fault("a", ErrorCode.UPSTREAM_FAILING, f"of {number}", count=2))
        [error] = outcomes.errors()
        assert (error.path, error.message) == (["users", "nodes", 0, "orgs"], "of 0")
        assert error.extensions is not None
        assert error.extensions["count"] == 6


def test_faults_of_different_codes_are_told_each() -> None:
    outcomes, find = Outcomes(), Place(("users",), ())
    for error in (Failing("a", "500"), Forbidden("a", "403"), Overloaded("a", "busy")):
        outcomes.failed(lambda: find, RecordType.USER, error)
    assert len(outcomes.errors()) == 3
    assert told(*(SourceOutcome.failed(e) for e in (Failing("a", "500"), Forbidden("a", "403")))) == {
        "counts": {"FORBIDDEN": 1},
        "notFresh": [{"source": "a", "collection": "USER", "state": "FORBIDDEN", "code": "UPSTREAM_FORBIDDEN"}],
    }
