"""The soak notices what it is there for: silent gaps, late answers, growth; and runs over districts that fail."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench import soak
from bench.answers import ListAsked, SilentlyShort, Truth, UserAsked
from bench.crowd import Wait
from bench.figures import broken
from bench.vitals import Vitals, growth, memory

TRUTHS = {"a": Truth(1, {"u1": (2, 1), "u2": (0, 0)}), "b": Truth(0, {"u1": (0, 0)})}
NODES = [
    {"source": {"key": "a"}, "sourcedId": "u1", "enrollments": [{"class": {}}, {"class": None}]},
    {"source": {"key": "a"}, "sourcedId": "u2", "enrollments": []},
    {"source": {"key": "b"}, "sourcedId": "u1", "enrollments": []},
]
USERS = ListAsked("users", 10, ("a", "b"), tree=True)


def answer(nodes: list[dict[str, Any]], *named: str, complete: bool = True, total: int | None = 3) -> Mapping[str, Any]:
    errors = [{"message": "", "extensions": {"source": key}} for key in named]
    return {"data": {"users": {"nodes": nodes, "complete": complete, "totalCount": total}}, "errors": errors}


def test_a_whole_answer_is_complete_and_one_whose_gap_is_named_is_not() -> None:
    assert USERS.judge(answer(NODES), TRUTHS)
    assert not USERS.judge(answer(NODES[:2], "b", complete=False, total=None), TRUTHS)
    assert not USERS.judge({"data": None, "errors": [{"extensions": {"source": "a"}}]}, TRUTHS)
    without = [{**NODES[0], "enrollments": None}, *NODES[1:]]
    assert not USERS.judge(answer(without, "a"), TRUTHS)


@pytest.mark.parametrize(
    "wrong",
    [
        answer(NODES[:2]),
        answer(NODES[:2], complete=False),
        answer(NODES[:2], "a", complete=False),
        answer([*NODES[:2], NODES[0]], total=3),
        answer(NODES, total=4),
        answer([{**NODES[0], "enrollments": [{"class": {}}]}, *NODES[1:]]),
        answer([{**NODES[0], "enrollments": None}, *NODES[1:]], "b"),
        {"data": None, "errors": []},
        {"data": None, "errors": [{"message": "no source"}]},
    ],
)
def test_what_is_missing_without_a_word_is_noticed(wrong: Mapping[str, Any]) -> None:
    with pytest.raises(SilentlyShort):
        USERS.judge(wrong, TRUTHS)


def test_a_user_who_is_there_may_be_missing_only_with_an_error() -> None:
    asked = UserAsked("a", "u1")
    assert asked.judge({"data": {"user": {"sourcedId": "u1"}}}, TRUTHS)
    assert not asked.judge({"data": {"user": None}, "errors": [{"extensions": {"source": "a"}}]}, TRUTHS)
    for wrong in ({"data": {"user": None}}, {"data": {"user": {"sourcedId": "u2"}}}):
        with pytest.raises(SilentlyShort):
            asked.judge(wrong, TRUTHS)
    assert UserAsked("a", "nobody").judge({"data": {"user": None}}, TRUTHS)


def test_growth_is_found_beneath_noise_and_odd_points() -> None:
    points = [(n, 100 + 0.01 * n + (50 if n % 40 == 7 else 0) + n % 3) for n in range(1800)]
    assert growth(points) == pytest.approx(0.01, rel=0.1)
    assert memory(points)["soak.rss_percent_per_10_min"] == pytest.approx(6 / 1.1, rel=0.1)
    assert memory(points[:120])["soak.rss_mb.grown"] == pytest.approx(0.9, abs=1)


def test_an_answer_is_late_unless_the_gateway_had_no_processor() -> None:
    watch = soak.Watch(gateway=None)  # type: ignore[arg-type]  # nothing is asked of it
    limit = soak.DEADLINE + soak.GRACE
    waits = [Wait(0.0, limit - 0.1), Wait(100.0, limit + 0.3)]
    assert watch.late(waits, limit) == (1, pytest.approx(0.3))
    watch.starved = [(50.0, 0.0), (99.0, 1.0), (101.0, 1.1), (104.0, 1.2)]
    assert watch.late(waits, limit)[0] == 1
    watch.starved = [(50.0, 0.0), (101.0, 1.0), (104.0, 1.4)]
    assert watch.late(waits, limit)[0] == 0


def test_what_stays_behind_breaks_a_limit() -> None:
    assert not Vitals(100.0, 60, 3).within(Vitals(100.0, 20, 3))
    assert not Vitals(100.0, 20, 30).within(Vitals(100.0, 20, 3))
    assert Vitals(500.0, 21, 3).within(Vitals(100.0, 20, 3))
    assert broken({"soak.silently_short": 1, "soak.rss_mb.grown": 1, "soak.left_s": 2}, soak.MOST) == [
        "soak.silently_short is 1, and may be at most 0",
        "soak.left_s is 2, and may be at most 1.0",
    ]


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_short_soak_measures_everything(tmp_path: Path) -> None:
    figures, examples = await soak.soak(0.05, 4, 1, tmp_path, rest=0)
    assert figures["soak.answers"] > 0
    assert figures["soak.upstream.requests"] > 100
    assert figures["soak.left"] > 0
    wrong = ("never", "http_500", "http_other", "not_json", "silently_short")
    assert [name for name in wrong if figures.get(f"soak.{name}")] == [], examples
    assert figures["soak.shared_was_ended"] == 0
