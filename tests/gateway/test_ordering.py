"""Orders, held against a comparison written out in plain Python."""

from __future__ import annotations

from functools import cmp_to_key
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from adapters.records import Class, ClassType, Provenance, Record, RecordStatus
from gateway.roster.ordering import By, Order, Spot, after, before, merge, sort, values_of

FIELDS = {"title": True, "class_code": False, "class_type": False}

WORDS = st.none() | st.sampled_from(["", "a", "A", "b", "Bé", "bé", "ß", "ss"])
RECORDS = st.lists(
    st.tuples(st.sampled_from("xyz"), st.integers(0, 9), WORDS, WORDS, st.none() | st.sampled_from(ClassType)),
    max_size=12,
    unique_by=lambda row: row[:2],
).map(
    lambda rows: [
        Class(
            provenance=Provenance(source),
            sourced_id=str(i),
            status=RecordStatus.ACTIVE,
            title=title,
            class_code=code,
            class_type=kind,
        )
        for source, i, title, code, kind in sorted(rows, key=lambda row: row[:2])
    ]
)
ORDERS = st.lists(
    st.tuples(st.sampled_from(sorted(FIELDS)), st.booleans()), max_size=3, unique_by=lambda key: key[0]
).map(lambda keys: tuple(By(field, down, FIELDS[field]) for field, down in keys))


def compare(left: Record, right: Record, order: Order) -> int:
    for by in order:
        a, b = (getattr(record, by.field) for record in (left, right))
        if (a is None) != (b is None):
            return 1 if a is None else -1
        if a is None:
            continue
        a, b = (str(v).casefold() if by.folded else str(v) for v in (a, b))
        if a != b:
            return (-1 if a < b else 1) * (-1 if by.descending else 1)
    a, b = (left.source, left.sourced_id), (right.source, right.sourced_id)
    return (a > b) - (a < b)


def spot_of(record: Record, order: Order) -> Spot:
    return Spot(values_of(record, order), record.source, record.sourced_id)


def by_source(records: list[Record], order: Order) -> list[list[Record]]:
    return [sort(rows, order) for _, rows in groupby(records, key=lambda r: r.source)]


@given(RECORDS, ORDERS)
def test_sources_sorted_each_and_merged_are_in_order(records: list[Record], order: Order) -> None:
    def compared(a: Record, b: Record) -> int:
        return compare(a, b, order)

    wanted = sorted(records, key=cmp_to_key(compared))
    assert list(merge(by_source(records, order), order)) == wanted


@given(RECORDS, ORDERS)
def test_a_walk_goes_on_from_any_record_of_any_source_either_way(records: list[Record], order: Order) -> None:
    lists = by_source(records, order)
    whole = list(merge(lists, order))
    for index, record in enumerate(whole):
        spot = spot_of(record, order)
        rest = merge([rows[after(rows, order, spot) :] for rows in lists], order)
        assert list(rest) == whole[index + 1 :]
        ahead = merge([rows[: before(rows, order, spot)] for rows in lists], order)
        assert list(ahead) == whole[:index]


@given(RECORDS, ORDERS, st.data())
def test_a_walk_goes_on_where_the_record_it_stood_at_is_gone(
    records: list[Record], order: Order, data: st.DataObject
) -> None:
    whole = list(merge(by_source(records, order), order))
    if not whole:
        return
    index = data.draw(st.integers(0, len(whole) - 1))
    spot = spot_of(whole[index], order)
    lists = by_source([r for r in records if r is not whole[index]], order)
    assert list(merge([rows[after(rows, order, spot) :] for rows in lists], order)) == whole[index + 1 :]
