"""Reads settings: a file or tables in, frozen settings out, every mistake at once.

A mistake outside of `[[sources]]` is the whole file's and raises. One inside leaves its source misconfigured and the
others as they are; so does one in an included file, which holds nothing but sources.
"""

from __future__ import annotations

import glob
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from adapters import registry
from gateway.config.gateway import read_access, read_audit, read_gateway, read_http, read_limits
from gateway.config.keys import ACCESS, AUDIT, GATEWAY, HTTP, INCLUDE, LIMITS, PROVIDER, SOURCE, Key, SourceKeys
from gateway.config.mistakes import ConfigError, Mistake, did_you_mean
from gateway.config.secrets import Vault
from gateway.config.settings import MisconfiguredSource, Settings, SourceSettings
from gateway.config.source import read_source
from gateway.config.table import Layer, Origin, Table
from gateway.config.values import shown, type_of

_Read: TypeAlias = tuple[Layer, SourceSettings | MisconfiguredSource]

_SOURCES = SOURCE.name
_PROVIDERS = PROVIDER.name
_OF_PROGRAMS = (GATEWAY.name, ACCESS.name, AUDIT.name, HTTP.name, LIMITS.name, _PROVIDERS, _SOURCES)
_BELONGS: Mapping[str, str] = MappingProxyType(
    {name: f"[{own.name}]" for own in (GATEWAY, ACCESS, AUDIT, HTTP, LIMITS) for name in own.names}
    | dict.fromkeys(SOURCE.names, f"[[{_SOURCES}]]")
)


@dataclass(frozen=True, slots=True)
class _Document:
    """One file's tables, or those handed over by a program; `names`: what may stand at its top."""

    origin: Origin
    tables: Mapping[str, Any]
    names: tuple[str, ...]

    def mistake(self, path: str, problem: str, allowed: str = "", value: str = "") -> Mistake:
        return Mistake(self.origin.file, path, value, problem, allowed)


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the file at `path` and those it includes; secrets are fetched from where they are kept.

    Raises:
        ConfigError: with every mistake, where one is not a single source's.
    """
    try:
        tables = _parse(path)
    except _Unreadable as unreadable:
        raise ConfigError([unreadable.mistake]) from None
    main = _Document(Origin(str(path), path.parent), tables, (INCLUDE.name, *_OF_PROGRAMS))
    mistakes: list[Mistake] = []
    documents, broken = [main], []
    for included in _included(main, path, mistakes):
        try:
            tables = _parse(included)
        except _Unreadable as unreadable:
            broken.append(_without_source(str(included), [unreadable.mistake]))
        else:
            documents.append(_Document(Origin(str(included), included.parent), tables, (_SOURCES,)))
    return _settings(documents, broken, mistakes, Vault(environ))


def from_tables(
    tables: Mapping[str, Any],
    environ: Mapping[str, str] = os.environ,
    *,
    name: str = "settings",
    base: Path | None = None,
) -> Settings:
    """The settings in `tables`, shaped as a file's are, which a program made; secrets may stand in them as text.

    name: what mistakes call them. base: what paths in `file:` references start from; the working directory if None.

    Raises:
        ConfigError: as `load`.
    """
    origin = Origin(name, base or Path.cwd(), literal_secrets=True)
    document = _Document(origin, tables, _OF_PROGRAMS)
    return _settings([document], [], [], Vault(environ))


def _settings(
    documents: Sequence[_Document], broken: Iterable[MisconfiguredSource], mistakes: list[Mistake], vault: Vault
) -> Settings:
    """The first document is the main one; `broken`: included files that could not be read; `mistakes`: the file's."""
    main, *included = documents
    mistakes += _misplaced(main)
    top = Table([Layer(main.origin, "", main.tables)], mistakes)
    gateway = read_gateway(top.table(GATEWAY), main.origin.base, vault)
    http = read_http(top.table(HTTP), main.origin.base, vault)
    access = read_access(top.table(ACCESS), main.origin.base, gateway)
    audit = read_audit(top.table(AUDIT), main.origin.base, gateway)
    limits = read_limits(top.table(LIMITS))
    defaults = _defaults(main, mistakes)
    read = list(_sources(main, defaults, vault, mistakes))
    misconfigured = list(broken)
    for document in included:
        of_document = _misplaced(document)
        read += _sources(document, defaults, vault, of_document)
        if of_document:
            misconfigured.append(_without_source(document.origin.file, of_document))
    found = _each_key_once(read)
    settings = Settings(
        gateway=gateway,
        http=http,
        access=access,
        audit=audit,
        limits=limits,
        sources=tuple(source for source in found if isinstance(source, SourceSettings)),
        misconfigured=(*(source for source in found if isinstance(source, MisconfiguredSource)), *misconfigured),
    )
    if mistakes:
        raise ConfigError(tuple(dict.fromkeys([*mistakes, *settings.mistakes])))
    return settings


def _defaults(main: _Document, mistakes: list[Mistake]) -> dict[str, Layer]:
    """`[providers.NAME]`, by name; checked here, whether or not a source is of that provider."""
    written = main.tables.get(_PROVIDERS, {})
    if not isinstance(written, dict):
        problem = f"this is {type_of(written)}; write one [providers.NAME] per provider"
        mistakes.append(main.mistake(_PROVIDERS, problem))
        return {}
    known = registry.providers()
    layers = {}
    for name, values in written.items():
        path = f"{_PROVIDERS}.{name}"
        if name not in known:
            problem = f"no such provider{did_you_mean(name, known)}"
            mistakes.append(main.mistake(path, problem, ", ".join(known)))
        elif not isinstance(values, dict):
            mistakes.append(main.mistake(path, f"this is {type_of(values)}, not a table"))
        else:
            layers[name] = Layer(main.origin, path, values)
            Table([layers[name]], mistakes).check(PROVIDER)
    return layers


def _sources(
    document: _Document, defaults: Mapping[str, Layer], vault: Vault, mistakes: list[Mistake]
) -> Iterator[_Read]:
    written = document.tables.get(_SOURCES, [])
    if not isinstance(written, list | tuple):
        problem = f"this is {type_of(written)}; write [[{_SOURCES}]], with two brackets, above each source"
        mistakes.append(document.mistake(_SOURCES, problem))
        return
    for position, values in enumerate(written, start=1):
        path = f"{_SOURCES}[{position}]"
        if not isinstance(values, dict):
            mistake = document.mistake(path, f"this is {type_of(values)}, not a table", f"[[{_SOURCES}]]")
            yield Layer(document.origin, path, {}), _without_source(path, [mistake])
            continue
        name = next((v for k in (SourceKeys.KEY, SourceKeys.NAME) if isinstance(v := values.get(k.name), str)), None)
        own = Layer(document.origin, f"{path} ({name[:60]})" if name else path, values)
        provider = values.get(SourceKeys.PROVIDER.name)
        yield own, read_source(own, defaults.get(provider) if isinstance(provider, str) else None, vault)


def _each_key_once(read: Sequence[_Read]) -> list[SourceSettings | MisconfiguredSource]:
    """All sources; those that claim one key are all misconfigured, since ids would name either of them.

    So is one that claims the key of another for a former one of its own, or the same former key as another; the source
    that has the key keeps it.
    """
    keys: dict[str, list[Layer]] = {}
    former: dict[str, list[Layer]] = {}
    for layer, source in read:
        if source.key:
            keys.setdefault(source.key, []).append(layer)
        for key in source.former_keys:
            former.setdefault(key, []).append(layer)
    found: list[SourceSettings | MisconfiguredSource] = []
    for layer, source in read:
        mistakes = list(_clashes(layer, source, keys, former))
        found.append(_spoiled(source, mistakes) if mistakes else source)
    return found


def _clashes(
    layer: Layer,
    source: SourceSettings | MisconfiguredSource,
    keys: Mapping[str, list[Layer]],
    former: Mapping[str, list[Layer]],
) -> Iterator[Mistake]:
    """keys, former: who has each key, and who had it."""

    def mistake(setting: Key[Any], key: str | None, others: list[Layer], problem: str, allowed: str) -> Mistake:
        places = ", ".join(f"{other.path} in {other.origin.file}" for other in others)
        return Mistake(layer.origin.file, layer.at(setting.name), shown(key), problem.format(places), allowed)

    if others := [each for each in keys.get(source.key or "", []) if each is not layer]:
        problem = "this key is used more than once, also by {}"
        yield mistake(SourceKeys.KEY, source.key, others, problem, "a key of its own for every source")
    for key in source.former_keys:
        allowed = "keys that no source has, and that no other source had"
        if having := keys.get(key):
            yield mistake(SourceKeys.FORMER_KEYS, key, having, "this is the key of {}", allowed)
        if others := [each for each in former[key] if each is not layer]:
            yield mistake(SourceKeys.FORMER_KEYS, key, others, "this former key is claimed by {} too", allowed)


def _spoiled(source: SourceSettings | MisconfiguredSource, mistakes: Sequence[Mistake]) -> MisconfiguredSource:
    """`source`, with mistakes that only show beside the others. Its former keys name nothing, lest they name others."""
    own = source.mistakes if isinstance(source, MisconfiguredSource) else ()
    return MisconfiguredSource(
        key=source.key,
        name=source.name,
        mistakes=(*mistakes, *own),
        district=source.district,
        labels=source.labels,
        timezone=source.timezone,
        provider=source.provider,
        version=source.version,
    )


def _without_source(name: str, mistakes: Sequence[Mistake]) -> MisconfiguredSource:
    return MisconfiguredSource(key=None, name=name, mistakes=tuple(dict.fromkeys(mistakes)))


def _misplaced(document: _Document) -> list[Mistake]:
    """What stands at the top of a document and does not belong there."""
    found = []
    for name in document.tables:
        if name in document.names:
            continue
        if name in _BELONGS:
            problem = f"this setting belongs below {_BELONGS[name]}"
        elif name in (INCLUDE.name, *_OF_PROGRAMS):
            problem = "this belongs in the main file; an included file holds sources only"
        else:
            problem = f"there is no such setting{did_you_mean(name, document.names)}"
        found.append(document.mistake(name, problem, ", ".join(document.names)))
    return found


def _included(main: _Document, path: Path, mistakes: list[Mistake]) -> list[Path]:
    """The files that `include` names, each once, sorted."""
    patterns = Table([Layer(main.origin, "", main.tables)], mistakes).take(INCLUDE)
    found: set[Path] = set()
    for pattern in patterns:
        matches = glob.glob(pattern, root_dir=path.parent, recursive=True)
        if not matches and not glob.has_magic(pattern):
            mistakes.append(main.mistake(INCLUDE.name, "there is no such file", INCLUDE.kind.allowed, shown(pattern)))
        found.update(path.parent / match for match in matches)
    return sorted(found - {path})


class _Unreadable(Exception):
    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake)
        self.mistake = mistake


_AT = re.compile(r"(.*) \(at (.*)\)", re.DOTALL)


def _parse(path: Path) -> dict[str, Any]:
    """The tables of one TOML file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else "it cannot be read"
        raise _Unreadable(Mistake(str(path), "this file", "", reason, "a settings file in TOML")) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _line_and_column(data[: error.start].decode(errors="ignore"))
        raise _Unreadable(Mistake(str(path), place, "", "this is not UTF-8 text", "a file saved as UTF-8")) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _AT.fullmatch(str(error))
        problem, place = (match[1], match[2]) if match else (str(error), "end of document")
        if place == "end of document":
            place = _line_and_column(text)
        hint = "TOML: text in quotes, one setting on a line, no name twice in a table"
        raise _Unreadable(Mistake(str(path), place, "", f"this is not TOML: {problem}", hint)) from None


def _line_and_column(before: str) -> str:
    """Where a text stands that starts after `before`."""
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"
