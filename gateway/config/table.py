"""One table of the settings while it is read: values by key, and every mistake met on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from adapters.secret import Secret
from gateway.config.keys import Key, Section
from gateway.config.mistakes import Mistake, did_you_mean
from gateway.config.secrets import SECRET, Reference, Vault
from gateway.config.values import Wrong, shown, type_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a table was written. base: what its file references are relative to."""

    file: str
    base: Path
    literal_secrets: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """A table as written in one place."""

    origin: Origin
    path: str
    values: Mapping[str, Any]

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


class Table:
    """Layers of one table, the first that has a key wins; mistakes go to the list given."""

    def __init__(self, layers: Sequence[Layer], mistakes: list[Mistake]) -> None:
        self._layers = layers
        self._mistakes = mistakes

    def has(self, key: Key[Any]) -> bool:
        return any(key.name in layer.values for layer in self._layers)

    def take(self, key: Key[T]) -> T:
        """The value of `key`; its default where it is not written, or wrong."""
        layer = self._layer(key.name)
        if layer is None:
            if key.required:
                self.missing(key)
            return key.default
        try:
            return key.kind.read(layer.values[key.name])
        except Wrong as wrong:
            self.mistake(key, wrong)
            return key.default

    def given(self, keys: Mapping[str, Key[Any]]) -> dict[str, Any]:
        """The values of those of `keys` that are written."""
        return {name: self.take(key) for name, key in keys.items() if self.has(key)}

    def take_secret(self, key: Key[Reference | Secret | None], vault: Vault | None, of: str = "") -> Secret | None:
        """What `key` refers to, `{key}` in it replaced by `of`; without a vault no reference is followed."""
        layer = self._layer(key.name)
        written = self.take(key)
        if layer is None or written is None:
            return None
        try:
            if isinstance(written, Reference):
                return vault.read(written, base=layer.origin.base, key=of) if vault else None
            if not layer.origin.literal_secrets and key.kind is SECRET:
                raise Wrong("a secret does not stand in a settings file; say where it is kept")
        except Wrong as wrong:
            self.mistake(key, wrong)
            return None
        return written

    def table(self, section: Section) -> Table:
        """The table `section` within this one, its layers merged alike; empty where none is written."""
        layers = []
        for layer in self._layers:
            inner = layer.values.get(section.name, {})
            if isinstance(inner, dict):
                layers.append(Layer(layer.origin, layer.at(section.name), inner))
            else:
                problem = f"this is {type_of(inner)}, not a table"
                self._add(layer, section.name, "", problem, ", ".join(section.names))
        return Table(layers, self._mistakes)

    def refuse_unknown(self, section: Section) -> None:
        """Notes every name, here and in the tables within, that is not a setting."""
        for layer in self._layers:
            for name in layer.values:
                if name not in section.names:
                    problem = f"there is no such setting{did_you_mean(name, section.names)}"
                    self._add(layer, name, "", problem, ", ".join(section.names))
        for inner in section.tables.values():
            self.table(inner).refuse_unknown(inner)

    def check(self, section: Section) -> None:
        """Notes whatever is wrong in this table and those within, whether or not it is used."""
        self.refuse_unknown(section)
        self._check_values(section)

    def _check_values(self, section: Section) -> None:
        self.given(section.keys)
        for inner in section.tables.values():
            self.table(inner)._check_values(inner)

    def missing(self, key: Key[Any], problem: str = "this is missing", allowed: str | None = None) -> None:
        self._add(self._layers[0], key.name, "", problem, key.kind.allowed if allowed is None else allowed)

    def mistake(self, key: Key[Any], wrong: Wrong) -> None:
        """Notes that the value of `key` is wrong, where it is written."""
        layer = self._layer(key.name) or self._layers[0]
        value = layer.values.get(key.name, "")
        text = "***" if key.kind.secret else shown(value)
        self._add(layer, key.name, text, wrong.problem, key.kind.allowed if wrong.allowed is None else wrong.allowed)

    def _layer(self, name: str) -> Layer | None:
        return next((layer for layer in self._layers if name in layer.values), None)

    def _add(self, layer: Layer, name: str, value: str, problem: str, allowed: str) -> None:
        self._mistakes.append(Mistake(layer.origin.file, layer.at(name), value, problem, allowed))
