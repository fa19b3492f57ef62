"""The suite notices every wrong field of every dialect: each is changed in turn, and a case must fail.

Mutants run in process against the same servers. The cases that found earlier mutants of a field are tried first.
"""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from adapters import registry
from adapters.dialect import Capabilities, Dialect, OAuth1, OAuth2, Pace, StaticBearer
from adapters.errors import Unsupported
from conformance import auth, errors, filters, pace, paging, reads, records
from conformance.mutants import DOCUMENTATION, Mutant, mutants
from conformance.subjects import Case, Server, Subject, applies, declared_gap, subject_of
from conformance.test_conformance import ALL_CASES

_FIRST: dict[str, list[Case]] = {
    "auth": auth.CASES,
    "capabilities.filter": filters.CASES,
    "capabilities.max_limit": [paging.a_page_is_as_large_as_the_server_serves_in_full],
    "capabilities.max_concurrency": [paging.no_more_requests_run_at_once_than_are_allowed_and_no_fewer],
    "capabilities.end_date": [records.end_dates_are_read_as_the_provider_means_them],
    "capabilities.absent_status": [records.a_missing_status_means_what_the_provider_means_by_it],
    "capabilities.delta": [records.what_changed_can_be_asked_for_where_the_dialect_says_so],
    "former_id": [records.earlier_ids_are_those_that_the_provider_declares],
    "revision_header": [paging.the_revision_is_told_where_the_source_has_one],
    "capabilities.all": paging.CASES,
    "capabilities.short": paging.CASES,
    "capabilities.totals": paging.CASES,
    "capabilities.sort": paging.CASES,
    "capabilities.any_offset": [paging.pages_cut_by_the_server_lose_nothing_when_nothing_tells_the_total],
    "capabilities.foreign_links": [paging.a_link_to_another_host_is_refused_but_where_a_proxy_stands_between],
    "capabilities.in_operator": [filters.a_list_of_ids_is_one_clause_where_the_server_has_an_in_operator],
    "capabilities.max_url": [filters.no_url_is_longer_than_servers_take],
    "capabilities.nested_reads": [case for case in reads.CASES if "For" in case.__name__],
    "capabilities.or_filters": [filters.alternatives_are_joined_where_the_server_takes_or],
    "capabilities.single_reads": [case for case in reads.CASES if case.__name__.startswith("one_of_")],
    "capabilities.dotted_filters": [case for case in filters.CASES if "by_the_references" in case.__name__],
    "capabilities.filter_clauses": [filters.as_many_clauses_are_sent_as_the_server_takes],
    "capabilities": filters.CASES,
    "absent": reads.CASES,
    "without": reads.CASES,
    "paths": reads.CASES,
    "pace": pace.CASES,
}
_PATIENCE = 20.0
"""Seconds that a case may take on a mutant."""
_WORKED: dict[str, list[Case]] = {}


def _ordered(mutant: Mutant, known: Dialect) -> list[Case]:
    """Every case once, those first that are likely to notice: that are called after what is changed, or did before."""
    changed = mutant.how.rpartition(" ")[2]
    named = [case for case in ALL_CASES if case.__name__.startswith(f"{changed}_")]
    hinted = next((cases for start, cases in _FIRST.items() if mutant.field.startswith(start)), [])
    cases = dict.fromkeys([*named, *_WORKED.get(mutant.field, []), *hinted, *ALL_CASES])
    return [case for case in cases if applies(case, known)]


async def _noticed_by(mutant: Mutant, known: Dialect, served: dict[str, Server]) -> Case | None:
    for case in _ordered(mutant, known):
        if not await _passes(case, subject_of(mutant.dialect, known, served)):
            worked = _WORKED.setdefault(mutant.field, [])
            if case not in worked:
                worked.append(case)
            return case
    return None


async def _passes(case: Case, subject: Subject) -> bool:
    gap = declared_gap(case, subject.dialect)
    try:
        async with asyncio.timeout(_PATIENCE):
            await case(subject)
    except Unsupported:
        return gap is not None
    except Exception:
        return False
    return gap is None


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("known", registry.dialects(), ids=lambda d: f"{d.name}-{d.version}")
async def test_no_wrong_field_of_a_dialect_goes_unnoticed(known: Dialect) -> None:
    served: dict[str, Server] = {}
    noticed = {str(mutant): await _noticed_by(mutant, known, served) for mutant in mutants(known)}
    assert [mutant for mutant, case in noticed.items() if case is None] == []
    for case in {case for case in noticed.values() if case is not None}:
        assert await _passes(case, subject_of(known, known, served)), "a case that fails anyway notices nothing"


@pytest.mark.parametrize("kind", [Dialect, Capabilities, Pace, OAuth1, OAuth2])
def test_every_field_is_changed_in_some_dialect(kind: type) -> None:
    changed = {mutant.field for dialect in registry.dialects() for mutant in mutants(dialect)}
    prefix = {Dialect: "", Capabilities: "capabilities.", Pace: "pace."}.get(kind, "auth.")
    fields = {f"{prefix}{f.name}" for f in dataclasses.fields(kind)} - DOCUMENTATION - {"capabilities", "pace"}
    assert fields <= changed


def test_a_static_bearer_has_no_field() -> None:
    assert not dataclasses.fields(StaticBearer)


def test_the_case_list_is_whole() -> None:
    parts = (reads, paging, filters, auth, errors, records, pace)
    assert len(ALL_CASES) == sum(len(part.CASES) for part in parts)
