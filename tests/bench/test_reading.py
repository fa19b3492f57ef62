"""What `bench.reading` counts: it counts what a source sees, and its limits can break."""

import json
from pathlib import Path

import pytest

from bench import delta
from bench.asking import EXACT
from bench.figures import Samples
from bench.payloads import USER_BYTES, enrollments_page, users_page
from bench.person import LARGE, LISTS, Large, email, scanned
from bench.reading import LIMITS, faults, main
from bench.rounds import rounds
from bench.truth import Truth, WrongAnswer, changed, exact
from bench.watched import Visit


def visit(began: float, ended: float, path: str = "/users", query: str = "limit=1") -> Visit:
    return Visit(began, ended, path, query)


@pytest.mark.slow
def test_a_wide_source_is_asked_as_little_as_the_limits_say(capsys: pytest.CaptureFixture[str]) -> None:
    short = ("--only-requests", "--upstreams", "wide", "--questions", "W2", "--stampedes", "16", "--runs", "0")
    assert main(["--json", *short, "--long", "100"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert 2 <= figures["w2.wide.cold.requests"] <= 4
    assert figures["w2.wide.cold.rounds"] >= 2
    assert figures["w2.wide.held.requests"] < figures["w2.wide.cold.requests"]
    assert figures["w2.wide.warm.requests"] == 0
    assert figures["stampede16.requests"] == figures["w2.wide.cold.requests"]
    assert figures["w2.wide.cold.ms.at100"] >= 200


@pytest.mark.slow
@pytest.mark.anyio
async def test_after_changes_a_source_is_asked_little_and_the_answer_is_right_in_time(tmp_path: Path) -> None:
    samples = Samples()
    await delta.measure(1, samples, tmp_path, fresh_for=2.0)
    figures = samples.figures()
    assert 1 <= figures["delta.requests"] <= LIMITS["delta.requests"]
    assert {f"delta.{name}.requests" for name in ("users", "enrollments", "classes", "courses")} <= figures.keys()
    assert figures["delta.seconds"] > 0


def test_changes_show_in_the_window_that_is_asked_for_until_it_is_right() -> None:
    district = exact()
    for turn in range(4):
        before = Truth(district).rows
        changed(district, turn)
        after = Truth(district).rows
        assert any(old != new for old, new in zip(before[:50], after[:50], strict=True))
        assert sum(old["familyName"] != new["familyName"] for old, new in zip(before, after, strict=True)) == 20


def test_requests_are_told_by_the_collection_that_their_path_begins_with() -> None:
    asked = [visit(0, 1, f"/v1p2/{path}") for path in ("users", "users/7", "classes/3/students", "users")]
    assert delta.by_collection(asked, "http://sandbox.example/v1p2/") == {"users": 3, "classes": 1}


def test_requests_that_overlap_share_a_round() -> None:
    assert rounds([]) == 0
    assert rounds([visit(0, 1), visit(0.5, 1.5), visit(0.9, 2)]) == 1


def test_requests_that_follow_an_answer_are_a_round_more() -> None:
    first, beside, second, long, third = visit(0, 1), visit(0, 3), visit(1, 2), visit(0.5, 9), visit(2.5, 4)
    assert rounds([third, first, beside, second, long]) == 3


def test_a_count_above_its_limit_and_a_stampede_that_asks_more_than_one_client_are_faults() -> None:
    held: dict[str, float] = {**LIMITS, "stampede16.requests": LIMITS["w2.wide.cold.requests"]}
    assert faults(held) == []
    assert faults({**held, "w4.wide.cold.requests": 9}) == ["w4.wide.cold.requests is 9, and may be at most 8"]
    assert faults({**held, "w2.wide.cold.requests": 3}) == ["stampede16.requests is 4, and may be at most 3"]
    assert faults({**held, "w2.wide.cold.ms.at100": 1e9, "tables_mb.100k": 1e9}) == []


def test_pages_without_a_condition_are_a_scan() -> None:
    asked = [
        visit(0, 1, "/v1p2/users", "limit=2&filter=email%3D%27a%27"),
        visit(0, 1, "/v1p2/users/7", "fields=email"),
        visit(0, 1, "/v1p2/courses", "limit=1000"),
        visit(0, 1, "/v1p2/enrollments", "limit=1000"),
    ]
    assert scanned(asked, LARGE) == 1
    assert scanned(asked, LISTS) == 2


def test_somebody_else_or_a_missing_enrollment_is_a_wrong_answer() -> None:
    large = Large(1000)
    found = {"data": {"users": {"nodes": [{"email": email(3), "enrollments": []}]}}}
    with pytest.raises(WrongAnswer, match="0 enrollments"):
        large.check(3, json.dumps(found).encode())
    with pytest.raises(WrongAnswer, match="1 found"):
        large.check(4, json.dumps(found).encode())


def test_payloads_have_the_size_and_the_references_that_they_say() -> None:
    users = json.loads(users_page(0, 50))["users"]
    enrollments = json.loads(enrollments_page(0, 80, 50))["enrollments"]
    assert {len(json.dumps(user, separators=(",", ":"))) for user in users} == {USER_BYTES}
    assert len({user["sourcedId"] for user in users}) == len({user["dateLastModified"] for user in users}) == 50
    assert {each["user"]["sourcedId"] for each in enrollments} == {user["sourcedId"] for user in users}
    assert EXACT["enrollments"] == 10_000
