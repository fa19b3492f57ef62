"""Every mistake in the settings at once, each with its file, its place, what stands there and what may."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.config import ConfigError, MisconfiguredSource, Mistake, Settings, describe, from_tables, load

GOOD: dict[str, Any] = {
    "key": "riverton",
    "provider": "classlink",
    "base_url": "https://riverton.example",
    "client_id": "id",
    "client_secret": "canary",
}


def misconfigured(changed: str = "", without: str = "", **over: Any) -> MisconfiguredSource:
    """A good source changed by a line of TOML, beside another that is good."""
    tables = {name: value for name, value in GOOD.items() if name != without} | tomllib.loads(changed) | over
    settings = from_tables({"sources": [tables, GOOD | {"key": "harbor"}]}, {})
    assert [source.key for source in settings.sources] == ["harbor"]
    (found,) = settings.misconfigured
    assert settings.mistakes == found.mistakes
    return found


def only(changed: str = "", without: str = "", **over: Any) -> Mistake:
    (mistake,) = misconfigured(changed, without, **over).mistakes
    return mistake


def refused(tables: dict[str, Any]) -> tuple[Mistake, ...]:
    with pytest.raises(ConfigError) as caught:
        from_tables(tables, {})
    return caught.value.mistakes


def write(folder: Path, text: str, name: str = "gateway.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changed", "path", "value", "problem", "allowed"),
    [
        ('key = "River Town"', "key", '"River Town"', "other characters", "a to z, 0 to 9 and -"),
        ('key = "-riverton"', "key", '"-riverton"', "other characters", "never change or reuse it"),
        ("key = 7", "key", "7", "a whole number, not text", "a to z"),
        ('name = ""', "name", '""', "empty", "text"),
        ('labels = "pilot"', "labels", '"pilot"', "text, not a list", "a list"),
        ('labels = ["a", 3]', "labels", '["a", 3]', "entry 2: this is a whole number", "text"),
        ('timezone = "America/Chicgo"', "timezone", '"America/Chicgo"', '"America/Chicago"', "IANA"),
        ('timezone = "chicago"', "timezone", '"chicago"', '"America/Chicago"', "IANA"),
        ('timezone = "../UTC"', "timezone", '"../UTC"', "no such time zone", "IANA"),
        ('provider = "classlnk"', "provider", '"classlnk"', '"classlink"', "infinite-campus, powerschool, skyward"),
        ('version = "1.2"', "version", '"1.2"', "classlink is not spoken in this version", '"1.1"'),
        ('version = "1.3"', "version", '"1.3"', "no such choice", '"1.1", "1.2"'),
        ("version = 1.1", "version", "1.1", "write it in quotes", '"1.1", "1.2"'),
        ('provider = "standard"\ntoken_url = "https://a.example"', "version", "", "several versions", '"1.1", "1.2"'),
        ('base_url = "riverton.example"', "base_url", '"riverton.example"', "starts with https://", "https://"),
        ('base_url = "https:///ims"', "base_url", '"https:///ims"', "names no host", "https://"),
        ('base_url = "https://a.example:x/"', "base_url", '"https://a.example:x/"', "host and port", "https://"),
        ('base_url = "https://a b.example"', "base_url", '"https://a b.example"', "blanks", "https://"),
        ('base_url = "https://a.example/#b"', "base_url", '"https://a.example/#b"', "before its #", "https://"),
        ('base_url = "https://a.example/?t=canary"', "base_url", '"https://a.example/…"', "before its ?", "https://"),
        ('base_url = "https://u:canary@a.example"', "base_url", '"https://…a.example"', "user name", "https://"),
        ('base_url = { gradebook = "https://a.example" }', "base_url", "a table", "rostering service", "rostering"),
        (
            'base_url = { rostering = "https://a.example", gradebook = "http://b.example" }',
            "base_url",
            "a table",
            "unencrypted",
            "allow_http = true",
        ),
        ("base_url = {}", "base_url", "a table", "rostering service is missing", "rostering"),
        ('base_url = "http://a.example"', "base_url", '"http://a.example"', "unencrypted", "allow_http = true"),
        ('base_url = "https://10.0.0.8/x"', "base_url", '"https://10.0.0.8/x"', "private network", "allow_http = true"),
        ('base_url = "https://[::1]:81"', "base_url", '"https://[::1]:81"', "this machine", "allow_http = true"),
        ('base_url = "https://localhost"', "base_url", '"https://localhost"', "this machine", "allow_http = true"),
        ('token_url = "http://a.example/t?k=canary"', "token_url", '"http://a.example/t…"', "unencrypted", "https"),
        ('allow_http = "yes"', "allow_http", '"yes"', "text, not true or false", "true, false"),
        ("max_concurrency = 0", "max_concurrency", "0", "too small", "1 or more"),
        ("max_records = true", "max_records", "true", "true or false, not a whole number", "1 or more"),
        ("capabilities = 5", "capabilities", "", "a whole number, not a table", "max_limit"),
        ("capabilities.max_limit = 0", "capabilities.max_limit", "0", "too small", "1 or more"),
        ('capabilities.sort = "no"', "capabilities.sort", '"no"', "not true or false", "true, false"),
        ('capabilities.totals = "heder"', "capabilities.totals", '"heder"', '"header"', '"header", "body", "none"'),
        ('capabilities.filter_operators = ["like"]', "capabilities.filter_operators", '["like"]', "entry 1", '"!="'),
        ("capabilities.dotted_filters = 1", "capabilities.dotted_filters", "1", "not a list", "true, false; or a list"),
        ('capabilities.unfilterable.user = ["role"]', "capabilities.unfilterable", "a table", '"users"', '"orgs"'),
        ("capabilities.maxlimit = 5", "capabilities.maxlimit", "", '"max_limit"', "max_limit, all_without_limit"),
        ('auth.signature = "MD5"', "auth.signature", '"MD5"', "no such choice", '"HMAC-SHA256", "HMAC-SHA1"'),
        ('auth.scopes = ["a"]', "auth.scopes", '["a"]', "no setting of oauth1", "kind, signature"),
        ('auth.kind = "saml"', "auth.kind", '"saml"', "no such choice", '"oauth2", "oauth1", "bearer"'),
        ('cache.headers = "on"', "cache.headers", '"on"', "no such choice", '"obey", "ignore"'),
        ("cache.fresh_for.users = -5", "cache.fresh_for.users", "-5", "more than nothing", "15m"),
        ('cache.fresh_for.users = "15 min"', "cache.fresh_for.users", '"15 min"', "not a length of time", "15m"),
        ("cache.fresh_for.users = inf", "cache.fresh_for.users", "inf", "ends", "15m"),
        ('cache.fresh_for.user = "5m"', "cache.fresh_for.user", "", '"users"', "orgs, academicSessions"),
        ('cache.fresh_for = "5m"', "cache.fresh_for", "", "text, not a table", "orgs, academicSessions"),
        ('cache.stale_for = "long"', "cache.stale_for", '"long"', "not a length of time", "15m"),
        ("guard.max_loss = 20", "guard.max_loss", "20", "neither less than nothing nor more than all", "0.2"),
        ('guard.max_loss = "20 %"', "guard.max_loss", '"20 %"', "text, not a number", "0 to 1"),
        ("guard.min_records = 0", "guard.min_records", "0", "too small", "1 or more"),
        ("timeouts.attempt = 0", "timeouts.attempt", "0", "more than nothing", "15m"),
        ('token_ulr = "canary"', "token_ulr", "", '"token_url"', "base_url, token_url"),
        (
            "[metering]\nx = 1",
            "metering",
            "",
            "no such setting",
            "capabilities, auth, pace, cache, warm, guard, timeouts",
        ),
        ("metadata = { mail = 1 }", "metadata", "a table", "mail: this is a whole number, not a table", "{ key ="),
        ('metadata = { m = { key = "a" } }', "metadata", "a table", "m: it holds `key` and `class`, both", "CONTACT"),
        (
            'metadata = { m = { key = "a", class = "SECRET" } }',
            "metadata",
            "a table",
            "m: no such choice",
            "CONTACT",
        ),
        ('metadata = { "a.b" = { key = "a", class = "NAME" } }', "metadata", "a table", "a name is", "letters"),
    ],
)
def test_a_mistake_says_where_what_and_what_else(
    changed: str, path: str, value: str, problem: str, allowed: str
) -> None:
    written = tomllib.loads(changed)
    key = written.get("key", "riverton")
    mistake = only(changed)

    label = f"sources[1] ({key})" if isinstance(key, str) else "sources[1]"
    assert (mistake.file, mistake.path, mistake.value) == ("settings", f"{label}.{path}", value)
    assert problem in mistake.problem
    assert allowed in mistake.allowed
    assert "canary" not in str(mistake)


@pytest.mark.parametrize("name", ["key", "provider", "base_url", "client_id", "client_secret"])
def test_what_a_source_cannot_do_without_is_said_to_be_missing(name: str) -> None:
    mistake = only(without=name)

    assert mistake.path.endswith(f".{name}")
    assert "missing" in mistake.problem


def test_credentials_are_asked_for_as_the_dialect_needs_them() -> None:
    bearer = misconfigured(provider="classlink-proxy")
    oauth2 = misconfigured(provider="skyward")
    changed = misconfigured(auth={"kind": "bearer"})

    assert [mistake.path.rpartition(".")[2] for mistake in bearer.mistakes] == ["token"]
    assert [mistake.path.rpartition(".")[2] for mistake in oauth2.mistakes] == ["token_url"]
    assert [mistake.path.rpartition(".")[2] for mistake in changed.mistakes] == ["token"]


def test_all_mistakes_of_all_sources_are_told_at_once() -> None:
    first = GOOD | {"timezone": "Nowhere", "capabilities": {"max_limit": 0, "totals": 1}, "colour": "red"}
    second = GOOD | {"key": "harbor", "provider": "nobody", "base_url": "ftp://a.example", "max_records": "many"}

    settings = from_tables({"sources": [first, second, GOOD | {"key": "good"}]}, {})

    assert [source.key for source in settings.sources] == ["good"]
    assert sorted(mistake.path for mistake in settings.mistakes) == [
        "sources[1] (riverton).capabilities.max_limit",
        "sources[1] (riverton).capabilities.totals",
        "sources[1] (riverton).colour",
        "sources[1] (riverton).timezone",
        "sources[2] (harbor).base_url",
        "sources[2] (harbor).max_records",
        "sources[2] (harbor).provider",
    ]


def test_a_misconfigured_source_is_still_described() -> None:
    found = misconfigured(
        "max_records = 0", name="Riverton", district="North", labels=["pilot"], timezone="Europe/Oslo", version="1.1"
    )

    assert (found.key, found.name, found.district) == ("riverton", "Riverton", "North")
    assert (found.labels, found.timezone) == (("pilot",), "Europe/Oslo")
    assert (found.provider, found.version) == ("classlink", "1.1")


def test_a_source_without_a_usable_key_is_named_by_its_place() -> None:
    assert (misconfigured(without="key").key, misconfigured(without="key").name) == (None, "sources[1]")
    assert misconfigured('key = "A B"').name == "sources[1] (A B)"
    assert misconfigured('key = "A B"').key is None


def test_sources_that_share_a_key_are_all_misconfigured() -> None:
    settings = from_tables({"sources": [GOOD, GOOD | {"key": "harbor"}, GOOD | {"name": "Copy", "max_records": 0}]}, {})

    assert [source.key for source in settings.sources] == ["harbor"]
    first, copy = settings.misconfigured
    assert (first.key, copy.key, copy.name) == ("riverton", "riverton", "Copy")
    assert [mistake.path for mistake in first.mistakes] == ["sources[1] (riverton).key"]
    assert "sources[3] (riverton) in settings" in first.mistakes[0].problem
    assert "sources[1] (riverton) in settings" in copy.mistakes[0].problem
    assert len(copy.mistakes) == 2


def test_an_entry_that_is_no_table_leaves_the_others() -> None:
    settings = from_tables({"sources": ["canary", GOOD]}, {})

    assert [source.key for source in settings.sources] == ["riverton"]
    assert [(found.name, found.key) for found in settings.misconfigured] == [("sources[1]", None)]
    assert "canary" not in str(settings)


@pytest.mark.parametrize(
    ("text", "path", "problem"),
    [
        ("[gateway]\nport = 70000", "gateway.port", "too large"),
        ("[gateway]\nport = true", "gateway.port", "not a whole number"),
        ("[gateway]\nhsot = 'a'", "gateway.hsot", '"host"'),
        ("[gateway]\ndeadline = '5 apples'", "gateway.deadline", "not a length of time"),
        ("[gateway]\ncors_origins = ['*']", "gateway.cors_origins", "starts with https://"),
        ("[gateway]\ncors_origins = ['https://a.example/']", "gateway.cors_origins", "ends with its host"),
        ("[http]\ndocuments = 'all'", "http.documents", "no such choice"),
        ("[http]\ndocuments_dir = ''", "http.documents_dir", "empty"),
        ("[http]\ndocuments = 'trusted'\ndocuments_dir = 1", "http.documents_dir", "not text"),
        ("[http]\ndocuments = 'trusted'", "http.documents", "unless documents_dir"),
        ("[http]\nget = 'trusted'", "http.get", "unless documents_dir"),
        ("[http]\nget = 'queries'\ndocuments = 'trusted'\ndocuments_dir = 'd'", "http.get", "no other queries"),
        ("[http]\nget = true", "http.get", "in quotes"),
        ("[http]\ngets = 'off'", "http.gets", '"get"'),
        ("get = 'off'", "get", "belongs below [http]"),
        ("gateway = 1", "gateway", "not a table"),
        ("port = 80", "port", "belongs below [gateway]"),
        ("provider = 'classlink'", "provider", "belongs below [[sources]]"),
        ("[sorces]", "sorces", '"sources"'),
        ("[sources]\nkey = 'a'", "sources", "two brackets"),
        ("[providers.classlnk]", "providers.classlnk", '"classlink"'),
        ("[providers]\nclasslink = 1", "providers.classlink", "not a table"),
        ("providers = 1", "providers", "one [providers.NAME] per provider"),
        ("[providers.classlink]\nkey = 'a'", "providers.classlink.key", "no such setting"),
        ("[providers.classlink.cache.fresh_for]\nusers = 0", "providers.classlink.cache.fresh_for.users", "nothing"),
    ],
)
def test_a_mistake_outside_of_sources_stops_the_start(text: str, path: str, problem: str) -> None:
    (mistake,) = refused(tomllib.loads(text))

    assert mistake.path == path
    assert problem in mistake.problem


def test_stopping_the_start_tells_the_sources_mistakes_too_each_once() -> None:
    tables = {
        "gateway": {"port": -1},
        "providers": {"classlink": {"max_records": 0}},
        "sources": [GOOD, GOOD | {"key": "harbor", "timezone": "x"}],
    }

    assert [mistake.path for mistake in refused(tables)] == [
        "gateway.port",
        "providers.classlink.max_records",
        "sources[2] (harbor).timezone",
    ]


@pytest.mark.parametrize(
    ("data", "place", "problem"),
    [
        (b"[gateway]\nport = = 1\n", "line 2, column 8", "not TOML"),
        (b"[gateway]\nport = 1\nport = 2\n", "line 3, column 9", "not TOML"),
        (b"[gateway]\nhost = '", "line 2, column 9", "not TOML"),
        (b"[gateway]\nhost = 'caf\xe9'\n", "line 2, column 12", "not UTF-8"),
    ],
)
def test_a_file_that_is_not_toml_is_refused_with_line_and_column(
    tmp_path: Path, data: bytes, place: str, problem: str
) -> None:
    path = tmp_path / "gateway.toml"
    path.write_bytes(data)

    with pytest.raises(ConfigError) as caught:
        load(path, {})

    (mistake,) = caught.value.mistakes
    assert (mistake.file, mistake.path) == (str(path), place)
    assert problem in mistake.problem


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "gateway.toml", {})


SOURCE = """
[[sources]]
key = "{key}"
provider = "classlink-proxy"
base_url = "https://proxy.example/1"
token = "env:T"
"""


def include(folder: Path, text: str) -> Settings:
    """A good main file that includes one of `text`."""
    write(folder, text, "sources.d/other.toml")
    return load(write(folder, 'include = ["sources.d/*.toml"]' + SOURCE.format(key="main")), {"T": "t"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[sources]\n", "not TOML"),
        ("sources = 5", "two brackets"),
        ('key = "a"', "belongs below [[sources]]"),
        ("[gateway]\nport = 1", "main file"),
        ("[http]\nget = 'off'", "main file"),
        ('include = ["x"]', "main file"),
        ("[[source]]", '"sources"'),
    ],
)
def test_a_broken_included_file_costs_its_own_sources_only(tmp_path: Path, text: str, problem: str) -> None:
    settings = include(tmp_path, text)

    assert [source.key for source in settings.sources] == ["main"]
    (found,) = settings.misconfigured
    assert (found.key, found.name) == (None, str(tmp_path / "sources.d" / "other.toml"))
    assert problem in found.mistakes[0].problem
    assert found.mistakes[0].file == found.name


def test_a_key_used_in_two_files_is_found(tmp_path: Path) -> None:
    settings = include(tmp_path, SOURCE.format(key="main"))

    assert settings.sources == ()
    assert [Path(found.mistakes[0].file).name for found in settings.misconfigured] == ["gateway.toml", "other.toml"]


def test_an_included_file_that_is_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, 'include = ["more.toml", "none.d/*.toml"]'), {})

    (mistake,) = caught.value.mistakes
    assert (mistake.path, mistake.value) == ("include", '"more.toml"')


def test_mistakes_print_as_one_block_by_file() -> None:
    mistakes = [
        Mistake("b.toml", "sources[1].key", '"A"', "bad", "a to z"),
        Mistake("a.toml", "gateway.port", "", "missing"),
        Mistake("b.toml", "sources[2].name", "7", "no text", "text"),
    ]

    assert describe(mistakes) == (
        "a.toml: 1 mistake\n"
        "  gateway.port\n"
        "      missing\n"
        "b.toml: 2 mistakes\n"
        '  sources[1].key = "A"\n'
        "      bad\n"
        "      allowed: a to z\n"
        "  sources[2].name = 7\n"
        "      no text\n"
        "      allowed: text"
    )
    assert str(ConfigError(mistakes)) == describe(mistakes)


@pytest.mark.parametrize("name", ["client_id", "client_secret", "token"])
@pytest.mark.parametrize("value", ["'canary\\'", "{ a = 'canary' }", "['canary']"])
def test_the_text_of_a_secret_is_in_no_mistake(tmp_path: Path, name: str, value: str) -> None:
    path = write(tmp_path, f"[[sources]]\n{name} = {value}\n[gateway]\nport = -1\nsecret = ['canary']")

    with pytest.raises(ConfigError) as caught:
        load(path, {})

    text = str(caught.value)
    assert "gateway.secret = ***" in text
    assert "canary" not in text
