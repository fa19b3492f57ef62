"""What `bench.execution` compares answers the same, its figures are all there, and one that falls short is told so."""

from __future__ import annotations

import json

import pytest

from bench import execution
from bench.cases import CAREFUL, CASES
from bench.figures import broken
from bench.held import held, reading, spoiled, ways
from bench.in_process import alike
from bench.queries import W2
from bench.truth import WrongAnswer


@pytest.mark.slow
def test_a_quick_run_has_every_figure_and_no_wrong_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert execution.main(["--quick", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures.keys() >= execution.PROMISED
    assert all(figures[name] > 0 for name in execution.PROMISED - {"fallback.extra_us"})


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_spoiled_record_leaves_everything_else_of_the_answer_and_is_mended() -> None:
    async with held() as sources:
        context, by_plan = reading(sources), ways()["ours"]
        async with spoiled(sources):
            flat, tree = [json.loads(await by_plan(query, context())) for query in CAREFUL.values()]
        mended = json.loads(await by_plan(CASES["a"], context()))
    assert [error["path"][-1] for error in flat["errors"]] == ["enabledUser"]
    assert {error["path"][-1] for error in tree["errors"]} == {"status"}
    assert "errors" not in mended
    enabled = [user["enabledUser"] for user in flat["data"]["users"]["nodes"]]
    assert (len(enabled), enabled.count(None)) == (1000, 1)
    classes = [each["class"] for user in tree["data"]["users"]["nodes"] for each in user["enrollments"]]
    assert 0 < classes.count(None) == len(tree["errors"]) < len(classes) / 20


@pytest.mark.parametrize(
    "other",
    [b'{"data": {"b": 1, "a": 2}}', b'{"data": {"a": 2, "b": 2}}', b'{"data": {"a": 2}}', b'{"data": null}'],
)
def test_answers_that_differ_in_a_value_or_in_the_order_of_keys_are_wrong(other: bytes) -> None:
    with pytest.raises(WrongAnswer, match="otherwise"):
        alike({"plain": b'{"data": {"a": 2, "b": 1}}', "ours": other})


def test_answers_that_differ_in_escapes_and_in_the_order_of_errors_are_alike() -> None:
    alike({"plain": b'{"data": "\\u00e9"}', "ours": '{"data": "é"}'.encode()})
    errors = [{"message": "x", "path": ["a", n]} for n in (1, 0)]
    answers = [json.dumps({"data": None, "errors": each}).encode() for each in (errors, errors[::-1])]
    alike(dict(zip(("plain", "ours"), answers, strict=True)), faulty=True)


def test_answers_with_errors_are_wrong_unless_there_are_to_be_some() -> None:
    failed, right = b'{"data": null, "errors": [{"message": "x", "path": []}]}', b'{"data": {}}'
    with pytest.raises(WrongAnswer, match="with errors"):
        alike({"plain": failed, "ours": failed})
    with pytest.raises(WrongAnswer, match="without errors"):
        alike({"plain": right, "ours": right}, faulty=True)


def test_what_falls_short_is_told_and_what_was_not_measured_is_not() -> None:
    told = execution.told({"in_process.plain.a": 49.0, "in_process.plain.b": 120.0, "rss_mb": 150.1})
    assert "a: 49.0 of 50 short" in told
    assert "b: 120.0 of 120" in told
    assert "b: 120.0 of 120 short" not in told
    assert "at most 150  short" in told
    assert "start.seconds" not in told
    assert "http" not in told


def test_ratios_are_of_the_cpu_of_whoever_answers_the_same_question() -> None:
    cpu = {f"w2.{who}.clients4.cpu_ms": ms for who, ms in (("held", 2.0), ("baseline_cached", 90.0), ("unheld", 5.0))}
    figures = execution.compared({**cpu, "rss_mb.held": 80.0}, 4)
    assert (figures["server.held.w2"], figures["server.held_ms.w2"], figures["rss_mb"]) == (45.0, 2.0, 80.0)
    assert "server.uncached.w2" not in figures


def test_a_source_that_is_asked_for_what_is_held_is_a_fault() -> None:
    name = f"{W2.name.lower()}.held.clients16.requests"
    assert broken({name: 0.5}, execution.limits(16)) == [f"{name} is 0.5, and may be at most 0"]


def test_an_unknown_part_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        execution.main(["--only", "warp"])
    assert "in_process, withheld, careful" in capsys.readouterr().err
