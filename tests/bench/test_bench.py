"""The bench measures what it says: its answers are right, its counts are counted, its checks can fail."""

import json

import pytest

from bench.__main__ import main
from bench.figures import Samples, broken, percentile
from bench.queries import QUESTIONS, USERS, W2
from bench.truth import Truth, WrongAnswer

SHORT = ("--questions", "W1,W2", "--upstreams", "wide", "--runs", "1", "--json")


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth()


@pytest.mark.slow
def test_a_cold_run_answers_rightly_and_keeps_its_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SHORT, "--only", "cold", "--latencies", "20"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["w1.wide.cold.requests"] == 1
    assert 4 <= figures["w2.wide.cold.requests"] <= 6
    assert figures["w2.wide.warm.requests"] == 0
    assert figures["w2.wide.cold.token_requests"] == 0
    assert figures["w2.wide.cold.ms.at20"] >= 40
    assert figures["w2.wide.baseline.requests"] == 4


@pytest.mark.slow
def test_a_warm_run_asks_its_source_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    warm = ("--only", "warm", "--seconds", "0", "--windows", "2", "--contenders", "held,fixed")
    assert main([*SHORT, *warm]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["w2.held.clients16.answers"] >= 16
    assert figures["w2.held.clients1.requests"] == figures["w2.held.clients16.requests"] == 0
    assert figures["w2.held.clients16.cpu_ms"] > figures["w2.fixed.clients16.cpu_ms"]
    assert figures["rss_mb.held"] > 20


def test_a_count_above_its_limit_is_a_fault() -> None:
    samples = Samples()
    samples.add("w2.wide.cold.requests", 4)
    samples.add("w2.wide.cold.requests", 7)
    assert broken(samples.figures()) == ["w2.wide.cold.requests is 7, and may be at most 6"]


def test_a_wrong_row_a_missing_row_and_an_error_are_wrong_answers(truth: Truth) -> None:
    with pytest.raises(WrongAnswer, match="no such thing"):
        truth.check(W2, 0, b'{"data": null, "errors": [{"message": "no such thing"}]}')
    with pytest.raises(WrongAnswer, match="0 rows"):
        truth.check(W2, 0, b'{"data": {"users": {"nodes": []}}}')
    row = {"sourcedId": "x", "givenName": "Ada", "familyName": "Ash", "enrollments": []}
    with pytest.raises(WrongAnswer, match="50 rows, wrong from row 0"):
        truth.check(W2, 0, json.dumps({"data": {"users": [row] * 50}}).encode())


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_window_is_whole_and_is_asked_with_a_cursor(name: str) -> None:
    starts = QUESTIONS[name].starts(16)
    assert len(set(starts)) == 16
    assert min(starts) > 0
    assert max(starts) + QUESTIONS[name].first == USERS


def test_a_percentile_is_a_value_that_was_seen() -> None:
    waits = [float(n) for n in range(1, 101)]
    assert (percentile(waits, 0.5), percentile(waits, 0.99), percentile([3.0], 0.99)) == (50.0, 99.0, 3.0)


def test_an_unknown_question_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--questions", "W9"])
    assert "W1, W2, W3, W4" in capsys.readouterr().err
