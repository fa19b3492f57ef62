"""The measurement over many sources asks what it says, and notices an answer that is not theirs."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from bench import many
from bench.districts import Districts, key
from bench.figures import Samples
from bench.truth import WrongAnswer


@pytest.mark.slow
@pytest.mark.anyio
async def test_some_of_many_sources_are_answered_from_the_store(tmp_path: Path) -> None:
    samples = Samples()
    await many.measure(many.Many(12, 3), 1, samples, tmp_path, seconds=0.1)
    figures = samples.figures()
    assert figures["sources12.requests"] == 0
    assert 0 < figures["sources12.query_cpu_ratio"] < 5
    assert figures["sources12.rss_mb"] > 40
    assert figures["sources12.start_s"] > 0


def test_the_sources_that_are_asked_are_spread_over_all() -> None:
    asked = many.Many().numbers
    assert len(asked) == many.ASKED
    assert {b - a for a, b in pairwise(asked)} == {25}


def test_rows_of_another_district_or_too_few_are_wrong() -> None:
    some = many.Many(4, 2)
    truth = some.truth()
    assert len(truth) == 2 * many.PEOPLE
    rows = [{"givenName": row["givenName"], "familyName": row["familyName"]} for row in truth]
    query = many.QUERIES["list"]
    many.check(truth, query, 0, json.dumps({"data": {"users": {"nodes": rows}}}).encode())
    for wrong in (rows[:-1], [*rows[1:], rows[0]], []):
        with pytest.raises(WrongAnswer):
            many.check(truth, query, 0, json.dumps({"data": {"users": {"nodes": wrong}}}).encode())


def test_every_district_has_a_path_and_ids_of_its_own() -> None:
    districts = Districts(2)
    told = districts.settings("http://sandbox.example")
    assert [told[key(n)]["base_url"] for n in range(2)] == [
        f"http://sandbox.example/{key(n)}/ims/oneroster/rostering/v1p2" for n in range(2)
    ]
    one, other = ({user.id for user in each.district.users} for each in districts.servers.values())
    assert not one & other
