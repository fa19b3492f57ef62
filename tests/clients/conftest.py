"""The tools of app developers, from npm: pinned in `package-lock.json` beside this file, installed on first use."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from tests.clients.npm import HERE, run


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of the tools' programs."""
    if shutil.which("npm") is None:
        assert "CI" not in os.environ, "CI is to run the tools of app developers: node and npm are missing"
        pytest.skip("node and npm are missing: the tools and clients of app developers are not run")
    installed = HERE / "node_modules" / ".installed"
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if not installed.exists() or installed.read_text() != wanted:
        run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
        installed.write_text(wanted)
    return HERE / "node_modules" / ".bin"


@pytest.fixture(scope="session")
def relay_manifest(tools: Path) -> Path:
    """What Relay's compiler writes of an app's operations, which it has typed."""
    built = HERE / "build" / "relay"
    shutil.rmtree(built, ignore_errors=True)  # it adds to a file that is there, and only what is not built yet
    built.mkdir(parents=True)
    manifest = built / "persisted.json"
    manifest.write_text("{}")
    run(tools / "relay-compiler", "relay.config.json")
    return manifest


@pytest.fixture(scope="session")
def codegen_manifest(tools: Path) -> Path:
    """What GraphQL Code Generator writes of an app's operations, beside their types."""
    run(tools / "graphql-codegen", "--config", "codegen.ts")
    return HERE / "build" / "codegen" / "persisted-documents.json"


@pytest.fixture(scope="session")
def apollo_manifest(tools: Path) -> Path:
    """What Apollo's generator writes of an app's operations."""
    manifest = HERE / "build" / "persisted" / "apollo.json"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    run(tools / "generate-persisted-query-manifest", "--config", "persisted/manifest.json")
    return manifest
