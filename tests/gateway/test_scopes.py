"""S05: which collections each scope of OneRoster lets a client read."""

from __future__ import annotations

import pytest

from adapters.endpoints import ENTITIES, Collection
from gateway.access.scope import READS, Scope, collections

CORE = {"orgs", "academicSessions", "courses", "classes", "users", "enrollments"}
GRADEBOOK = {"categories", "lineItems", "results", "scoreScales", "assessmentLineItems", "assessmentResults"}


@pytest.mark.parametrize(
    ("scope", "read"),
    [
        ("roster-core.readonly", CORE),
        ("roster.readonly", CORE | {"demographics"}),
        ("roster-demographics.readonly", {"demographics"}),
        ("gradebook.readonly", GRADEBOOK),
        ("resource.readonly", {"resources"}),
        ("explain", set()),
        ("refresh", set()),
        ("holds", set()),
    ],
)
def test_S05_a_scope_reads_its_collections_and_no_others(scope: str, read: set[str]) -> None:
    assert collections([Scope(scope)]) == {Collection(each) for each in read}


def test_S05_all_scopes_together_read_every_collection_and_none_of_them_nothing() -> None:
    assert collections(READS) == set(ENTITIES) == set(Collection)
    assert collections([]) == frozenset()
