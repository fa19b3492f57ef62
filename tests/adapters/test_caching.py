"""What a source says of holding its answers, as it is understood."""

import pytest

from adapters.caching import CacheControl, Earlier, Mark, cache_control, validators

NOON = 1_763_726_400.0  # Fri, 21 Nov 2025 12:00:00 GMT


@pytest.mark.parametrize(
    ("text", "age", "meant"),
    [
        ("", "", CacheControl()),
        ("max-age=300", "", CacheControl(max_age=300)),
        ("private, MAX-AGE = 300", "100", CacheControl(max_age=200)),
        ('max-age="300"', "soon", CacheControl(max_age=300)),
        ("max-age=300", "900", CacheControl(max_age=0)),
        ("max-age=300, max-age=60", "", CacheControl(max_age=60)),
        ("max-age=300, must-revalidate", "", CacheControl(max_age=300)),
        ("max-age=soon", "", CacheControl()),
        ("max-age=-5", "", CacheControl()),
        ("s-maxage=300", "", CacheControl()),
        ("max-age=0, must-revalidate", "", CacheControl()),
        ("no-cache", "", CacheControl()),
        ("no-cache, max-age=300", "", CacheControl()),
        ("no-store", "", CacheControl(no_store=True)),
        ("no-cache, no-store, max-age=0, must-revalidate", "", CacheControl(no_store=True)),
        ("No-Store,max-age=300", "", CacheControl(no_store=True, max_age=300)),
        ('private="no-store, x", max-age=300', "", CacheControl(max_age=300)),
    ],
)
def test_cache_control_is_read_as_it_is_meant(text: str, age: str, meant: CacheControl) -> None:
    assert cache_control({"cache-control": text, "age": age}) == meant


def test_of_several_answers_the_strictest_word_holds() -> None:
    assert CacheControl(max_age=300) | CacheControl() == CacheControl(max_age=300)
    assert CacheControl(max_age=300) | CacheControl(True, 60) == CacheControl(True, 60)


@pytest.mark.parametrize("etag", ['"a1"', 'W/"a1"', '"a1-gzip"', '"{7f:9}"'])
def test_an_etag_is_kept_as_it_stands_and_comes_before_a_date(etag: str) -> None:
    headers = {"etag": etag, "last-modified": "Fri, 21 Nov 2025 11:00:00 GMT"}
    assert validators(headers, NOON) == (etag, None)
    assert Mark("u", (), *validators(headers, NOON)).condition == {"If-None-Match": etag}


@pytest.mark.parametrize("etag", ["", "a1", "*", '""', 'W/""', 'w/"a1"', '"a"1"', '"a 1"', '"a\x7f"', '"é"'])
def test_what_is_no_etag_is_never_asked_by(etag: str) -> None:
    assert validators({"etag": etag}, NOON) == (None, None)
    assert Mark("u", ()).condition == {}


@pytest.mark.parametrize(
    ("modified", "date", "kept"),
    [
        ("Fri, 21 Nov 2025 11:58:59 GMT", "", True),
        ("Fri, 21 Nov 2025 11:59:30 GMT", "", False),
        ("Fri, 21 Nov 2025 11:58:59 GMT", "Fri, 21 Nov 2025 11:59:30 GMT", False),
        ("Fri, 21 Nov 2025 12:58:59 GMT", "Fri, 21 Nov 2025 13:00:00 GMT", True),
        ("yesterday", "", False),
    ],
)
def test_a_last_modified_counts_once_it_is_older_than_a_minute(modified: str, date: str, kept: bool) -> None:
    found = validators({"last-modified": modified, "date": date}, NOON)
    assert found == (None, modified if kept else None)
    assert Mark("u", (), *found).condition == ({"If-Modified-Since": modified} if kept else {})


def test_a_last_modified_is_asked_by_only_while_the_total_is_as_it_was() -> None:
    tagged, dated = Mark("/1", (), etag='"a"', total=25), Mark("/2", (), modified="then", total=25)
    earlier = Earlier([tagged, dated], lambda ids: ())
    assert [earlier.mark(url) for url in ("/1", "/2", "/3")] == [tagged, dated, None]
    earlier.heard(25)
    earlier.heard(None)
    assert earlier.mark("/2") is dated
    earlier.heard(24)
    assert [earlier.mark(url) for url in ("/1", "/2")] == [tagged, None]
