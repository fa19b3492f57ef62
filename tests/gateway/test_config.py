"""What settings become when nothing is wrong with them."""

from pathlib import Path
from typing import Any

import pytest

from adapters import registry
from adapters.dialect import Capabilities, OAuth1, OAuth2, Service, Signature, StaticBearer, Version
from adapters.endpoints import Collection
from adapters.secret import Secret
from adapters.spec import Timeouts
from gateway.access.field_class import FieldClass
from gateway.config import (
    DocumentPolicy,
    GatewaySettings,
    GetPolicy,
    HttpSettings,
    Settings,
    SourceSettings,
    from_tables,
    load,
)
from gateway.config.settings import FRESH_FOR, CacheHeaders, GuardSettings, MetadataName

SPRINGFIELD = """
[gateway]
host = "127.0.0.1"
port = 8000
secret = "env:GATEWAY_SECRET"
state_dir = "state"

[[sources]]
key = "springfield"
name = "Springfield Public Schools"
district = "Springfield"
labels = ["pilot"]
timezone = "America/Chicago"
provider = "infinite-campus"
version = "1.2"
base_url = "https://campus.springfield.example/campus/api/oneroster/v1p2/springfield/ims/oneroster"
token_url = "https://campus.springfield.example/campus/oauth2/token?appName=springfield"
client_id = "env:SPRINGFIELD_ID"
client_secret = "env:SPRINGFIELD_SECRET"
schools = []
allow_http = false
  [sources.capabilities]
  max_limit = 500
  [sources.cache]
  fresh_for = { enrollments = "5m", orgs = "1d" }
  [sources.metadata]
  counselorEmail = { key = "ic.counselor.email", class = "CONTACT" }
"""

ENVIRON = {"GATEWAY_SECRET": "canary-0", "SPRINGFIELD_ID": "canary-1", "SPRINGFIELD_SECRET": "canary-2"}

CLASSLINK: dict[str, Any] = {
    "key": "riverton",
    "provider": "classlink",
    "base_url": "https://riverton.example",
    "client_id": "id",
    "client_secret": "secret",
}


def write(folder: Path, text: str, name: str = "gateway.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def one(settings: Settings) -> SourceSettings:
    assert settings.mistakes == ()
    (source,) = settings.sources
    return source


def source(**changed: Any) -> SourceSettings:
    """ClassLink's source of Riverton with `changed` settings."""
    return one(from_tables({"sources": [CLASSLINK | changed]}))


def test_a_file_becomes_settings_of_final_types(tmp_path: Path) -> None:
    settings = load(write(tmp_path, SPRINGFIELD), ENVIRON)

    assert settings.gateway == GatewaySettings(secret=Secret("canary-0"), state_dir=tmp_path / "state")
    read = one(settings)
    assert (read.key, read.name, read.district) == ("springfield", "Springfield Public Schools", "Springfield")
    assert (read.labels, read.timezone, read.schools) == (("pilot",), "America/Chicago", ())
    assert (read.provider, read.version) == ("infinite-campus", Version.V1P2)
    assert read.spec.key == "springfield"
    assert read.spec.base_url.endswith("/springfield/ims/oneroster")
    assert read.spec.token_url == "https://campus.springfield.example/campus/oauth2/token?appName=springfield"
    assert read.spec.credentials.client_id == Secret("canary-1")
    assert read.spec.credentials.client_secret == Secret("canary-2")
    assert read.spec.credentials.token is None
    assert one(settings).metadata == {
        "counselorEmail": MetadataName(key="ic.counselor.email", field_class=FieldClass.CONTACT)
    }


def test_settings_never_print_a_secret(tmp_path: Path) -> None:
    settings = load(write(tmp_path, SPRINGFIELD), ENVIRON)

    assert "canary" not in repr(settings)


def test_measured_capabilities_replace_the_dialects_and_leave_the_rest(tmp_path: Path) -> None:
    dialect = registry.get("infinite-campus", "1.2")
    read = one(load(write(tmp_path, SPRINGFIELD), ENVIRON))

    assert read.spec.dialect == dialect.with_capabilities(max_limit=500)


def test_what_is_not_written_has_its_default() -> None:
    read = source()

    assert read.name == "riverton"
    assert (read.timezone, read.labels, read.district) == ("UTC", (), None)
    assert read.enabled
    assert read.spec.timeouts == Timeouts()
    assert dict(read.fresh_for) == dict(FRESH_FOR)
    assert set(read.fresh_for) == set(Collection)
    assert from_tables({}).gateway == GatewaySettings()


def test_documents_are_trusted_where_the_settings_say_where_they_are(tmp_path: Path) -> None:
    assert from_tables({}).http == HttpSettings(documents=DocumentPolicy.APQ, documents_dir=None, get=GetPolicy.OFF)

    text = '[http]\ndocuments = "trusted"\ndocuments_dir = "documents"\nget = "trusted"'
    settings = load(write(tmp_path, text), {})

    assert settings.http == HttpSettings(
        documents=DocumentPolicy.TRUSTED, documents_dir=tmp_path / "documents", get=GetPolicy.TRUSTED
    )


def test_freshness_is_given_by_collection_and_completed_by_defaults(tmp_path: Path) -> None:
    read = one(load(write(tmp_path, SPRINGFIELD), ENVIRON))

    changed = {Collection.ENROLLMENTS: 300.0, Collection.ORGS: 86400.0}
    assert dict(read.fresh_for) == {**FRESH_FOR, **changed}


def test_what_the_source_says_of_holding_counts_but_for_what_is_written_of_it_or_its_provider() -> None:
    assert (source().cache_headers, source().fixed) == (CacheHeaders.OBEY, frozenset())
    assert source(cache={"headers": "ignore"}).cache_headers is CacheHeaders.IGNORE
    both = from_tables(
        {
            "providers": {"classlink": {"cache": {"fresh_for": {"orgs": "1d"}, "headers": "ignore"}}},
            "sources": [{**CLASSLINK, "cache": {"fresh_for": {"users": "15m"}}}],
        }
    )
    assert one(both).fixed == {Collection.ORGS, Collection.USERS}
    assert one(both).cache_headers is CacheHeaders.IGNORE


def test_how_long_a_copy_stands_in_and_what_a_reading_may_lose_are_settings_of_a_source() -> None:
    cautious = {"cache": {"stale_for": "3d"}, "guard": {"max_loss": 0.05, "min_records": 10}}
    read = one(from_tables({"sources": [{**CLASSLINK, **cautious}]}))
    assert (read.stale_for, read.guard) == (3 * 86400, GuardSettings(max_loss=0.05, min_records=10))

    usual = one(from_tables({"providers": {"classlink": {"guard": {"max_loss": 1}}}, "sources": [CLASSLINK]}))
    assert (usual.stale_for, usual.guard) == (86400, GuardSettings(max_loss=1.0, min_records=50))


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90s", 90), ("15m", 900), ("6h", 21600), ("1d", 86400), ("1.5h", 5400), (45, 45), (0.5, 0.5)],
)
def test_durations_are_read_as_seconds(written: object, seconds: float) -> None:
    assert from_tables({"gateway": {"deadline": written}}).gateway.deadline == seconds


def test_every_capability_can_be_set() -> None:
    written = {
        "max_limit": 7,
        "all_without_limit": True,
        "any_offset": False,
        "short_page_ends": True,
        "totals": "none",
        "foreign_links": True,
        "sort": False,
        "filter_level": "status",
        "filter_clauses": 3,
        "filter_operators": ["=", "~"],
        "or_filters": False,
        "dotted_filters": ["class.sourcedId"],
        "in_operator": True,
        "unfilterable": {"users": ["role"]},
        "max_url": 900,
        "single_reads": False,
        "nested_reads": False,
        "delta": True,
        "max_concurrency": 2,
        "absent_status": "active",
        "end_date_inclusive": True,
    }
    read = source(capabilities=written).spec.dialect.capabilities

    for name in Capabilities.__dataclass_fields__:
        assert getattr(read, name) != getattr(Capabilities(), name), name
    assert read.filter_operators == {"=", "~"}
    assert read.dotted_filters == {"class.sourcedId"}
    assert read.unfilterable == {"users": {"role"}}


def test_dotted_filters_may_also_be_all_or_none() -> None:
    assert source(capabilities={"dotted_filters": False}).spec.dialect.capabilities.dotted_filters is False


def test_auth_settings_replace_fields_of_the_dialects_auth() -> None:
    assert source(auth={"signature": "HMAC-SHA1"}).spec.dialect.auth == OAuth1(signature=Signature.HMAC_SHA1)


def test_a_source_may_authenticate_in_another_way_than_its_provider() -> None:
    bearer = source(provider="standard", version="1.1", auth={"kind": "bearer"}, token="made-up")
    oauth2 = source(auth={"kind": "oauth2", "scopes": ["a", "b"], "token_path": "/token"})

    assert bearer.spec.dialect.auth == StaticBearer()
    assert bearer.spec.credentials.token == Secret("made-up")
    assert oauth2.spec.dialect.auth == OAuth2(scopes=("a", "b"), token_path="/token")


def test_naming_the_kind_a_dialect_has_keeps_what_the_dialect_says_of_it() -> None:
    read = source(provider="alpha", auth={"kind": "oauth2"})

    assert read.spec.dialect.auth == registry.get("alpha", "1.2").auth


@pytest.mark.parametrize(("slug", "versions"), registry.providers().items())
def test_every_provider_can_be_configured_in_each_of_its_versions(slug: str, versions: tuple[str, ...]) -> None:
    for version in versions:
        read = source(provider=slug, version=version, token="t", token_url="https://riverton.example/token")
        assert read.spec.dialect == registry.get(slug, version)


def test_the_only_version_of_a_provider_need_not_be_named() -> None:
    assert source().version is Version.V1P1


def test_a_base_url_may_be_given_by_service() -> None:
    spec = source(base_url={"rostering": "https://riverton.example/or", "gradebook": "https://marks.example/gb"}).spec
    assert spec.base_url == "https://riverton.example/or"
    assert spec.service_urls == {Service.GRADEBOOK: "https://marks.example/gb"}
    assert source(base_url="https://riverton.example/or").spec.service_urls == {}


def test_timeouts_and_limits_reach_the_source() -> None:
    read = source(timeouts={"attempt": "1m"}, max_concurrency=2, max_records=10)

    assert read.spec.timeouts == Timeouts(attempt=60.0)
    assert (read.spec.max_concurrency, read.spec.max_records) == (2, 10)


def test_a_provider_s_defaults_lie_below_each_of_its_sources_setting_by_setting() -> None:
    tables = {
        "providers": {
            "classlink": {
                "timezone": "America/Denver",
                "client_secret": "shared",
                "capabilities": {"max_limit": 50, "sort": False},
                "cache": {"fresh_for": {"orgs": "1d", "users": "1h"}},
            },
            "alpha": {"timezone": "Europe/London"},
        },
        "sources": [
            {
                **{name: value for name, value in CLASSLINK.items() if name != "client_secret"},
                "capabilities": {"max_limit": 20},
                "cache": {"fresh_for": {"users": "1m"}},
            }
        ],
    }
    read = one(from_tables(tables))

    assert read.timezone == "America/Denver"
    assert read.spec.credentials.client_secret == Secret("shared")
    assert (read.spec.dialect.capabilities.max_limit, read.spec.dialect.capabilities.sort) == (20, False)
    assert (read.fresh_for[Collection.ORGS], read.fresh_for[Collection.USERS]) == (86400, 60)


def test_included_files_are_read_after_the_main_one_in_the_order_of_their_names(tmp_path: Path) -> None:
    def of(key: str) -> str:
        return (
            f'[[sources]]\nkey = "{key}"\nprovider = "classlink-proxy"\n'
            'base_url = "https://proxy.example/1"\ntoken = "env:T"\n'
        )

    main = write(tmp_path, 'include = ["sources.d/*.toml", "extra.toml", "none/*.toml"]\n' + of("main"))
    write(tmp_path, of("b"), "sources.d/b.toml")
    write(tmp_path, of("a"), "sources.d/a.toml")
    write(tmp_path, of("extra"), "extra.toml")
    write(tmp_path, "not toml at all", "sources.d/notes.txt")

    settings = load(main, {"T": "t"})

    assert settings.mistakes == ()
    assert [each.key for each in settings.sources] == ["main", "extra", "a", "b"]


def test_a_file_saved_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_bytes(b"\xef\xbb\xbf[gateway]\r\nport = 81\r\n")

    assert load(path, {}).gateway.port == 81


def test_a_disabled_source_needs_no_secrets(tmp_path: Path) -> None:
    read = one(
        load(write(tmp_path, SPRINGFIELD.replace("allow_http = false", "enabled = false")), {"GATEWAY_SECRET": "s"})
    )

    assert not read.enabled
    assert read.spec.credentials.client_secret is None


def test_plain_http_on_this_machine_is_served_where_it_is_allowed() -> None:
    read = source(base_url="http://127.0.0.1:9001/ims/oneroster/v1p1", allow_http=True)

    assert read.spec.allow_http
