"""Secrets by reference: `env:NAME`, `file:PATH`, `command:…`. Says what failed, never what was read.

`{key}` in a path or a command is the source's key, so that `[providers.NAME]` can hold one reference for many sources.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from adapters.secret import Secret
from gateway.config.values import TEXT, Kind, Wrong

COMMAND_SECONDS = 10.0

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Scheme(StrEnum):
    ENV = "env"
    FILE = "file"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is kept."""

    scheme: Scheme
    target: str

    def __str__(self) -> str:
        """As a mistake names it; of a command, whose arguments may be telling, the program alone."""
        if self.scheme is Scheme.COMMAND:
            return f"command:{self.target.split()[0]}"
        return f"{self.scheme}:{self.target}"


def _reference(value: Any) -> Reference | Secret:
    """A reference where the text has a reference's form, else the text itself."""
    if isinstance(value, Secret):
        return value
    text = TEXT.read(value)
    scheme, colon, target = text.partition(":")
    if not colon or scheme not in list(Scheme):
        return Secret(text)
    if not target.strip():
        raise Wrong(f"nothing follows {scheme}:")
    if _CONTROL.search(target):
        raise Wrong("a reference is one line without control characters")
    if scheme == Scheme.COMMAND:
        try:
            shlex.split(target)
        except ValueError:
            raise Wrong("a quotation mark of this command is never closed") from None
    return Reference(Scheme(scheme), target.strip())


class Vault:
    """Follows references; a command runs once however often it is named. environ: for `env:` and for commands."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._outputs: dict[tuple[str, Path], str] = {}

    def anew(self, *, commands: bool) -> Vault:
        """One that remembers nothing, but what commands said unless they are to be run again."""
        vault = Vault(self._environ)
        if not commands:
            vault._outputs = dict(self._outputs)
        return vault

    def read(self, reference: Reference, *, base: Path, key: str) -> Secret:
        """The secret. Paths and commands start from `base`.

        Raises:
            Wrong: naming the reference, never what it refers to.
        """
        target = reference.target
        if "{key}" in target and not key:
            raise Wrong("{key} stands for the key of a source, and there is none here")
        match reference.scheme:
            case Scheme.ENV:
                text = self._variable(target)
            case Scheme.FILE:
                text = _file(base / target.replace("{key}", key), target)
            case Scheme.COMMAND:
                text = self._command(target.replace("{key}", key), base, str(reference))
        if not text.strip():
            raise Wrong(f"{reference} is empty")
        if _CONTROL.search(text):
            raise Wrong(f"{reference} holds more than one line, or control characters")
        return Secret(text)

    def _variable(self, name: str) -> str:
        if name not in self._environ:
            raise Wrong(f"the environment variable {name} is not set")
        return self._environ[name]

    def _command(self, command: str, base: Path, named: str) -> str:
        known = self._outputs.get((command, base))
        if known is not None:
            return known
        try:
            done = subprocess.run(
                shlex.split(command),
                cwd=base,
                env=dict(self._environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Wrong(f"{named} took longer than {COMMAND_SECONDS:g} s") from None
        except OSError as error:
            raise Wrong(f"{named} could not be started: {_reason(error)}") from None
        if done.returncode != 0:
            raise Wrong(f"{named} failed with exit status {done.returncode}")
        lines = _decoded(done.stdout, named).splitlines()
        text = self._outputs[command, base] = lines[0] if lines else ""
        return text


def _file(path: Path, written: str) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Wrong(f"{path} (file:{written}) cannot be read: {_reason(error)}") from None
    return _decoded(data, f"file:{written}").removesuffix("\n").removesuffix("\r")


def _decoded(data: bytes, named: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Wrong(f"{named} is not UTF-8 text") from None


def _reason(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else "unknown reason"


FORMS = "env:NAME, file:PATH or command:PROGRAM ARGUMENTS"

IDENTIFIER: Kind[Reference | Secret] = Kind("text or reference", f"text, {FORMS}", _reference, secret=True)
"""What is not secret by itself, such as a client id: may stand in the file."""

SECRET: Kind[Reference | Secret] = Kind("reference", FORMS, _reference, secret=True)
"""What is secret: a settings file may only say where it is kept."""
