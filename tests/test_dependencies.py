"""S13: what the gateway is installed with is known to the version and to the hash, and no older than is safe."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

FLOORS = {
    "h11": "0.16",
    "h2": "4.3",
    "pyjwt": "2.13",
    "python-multipart": "0.0.27",
    "starlette": "1.3.1",
    "strawberry-graphql": "0.315.7",
}
"""The first versions without a flaw that a client of a gateway could use. What is not installed need not be."""

ABSENT = ("pyjwt", "python-multipart", "h2")
"""What the gateway does without, though libraries that it has would use it."""


def pinned(file: str) -> dict[str, Requirement]:
    """The requirements of a file, by name; the lines of one are joined as pip joins them."""
    text = (ROOT / file).read_text("utf-8").replace("\\\n", " ")
    lines = (line.partition("#")[0].partition("--hash")[0].strip() for line in text.splitlines())
    read = [Requirement(line) for line in lines if line]
    assert len({each.name for each in read}) == len(read)
    return {canonicalize_name(each.name): each for each in read}


CONSTRAINTS, LOCK = pinned("constraints.txt"), pinned("requirements.lock")


def version(requirement: Requirement) -> Version:
    [exact] = requirement.specifier
    assert exact.operator == "=="
    assert "*" not in exact.version
    return Version(exact.version)


def declared(*extras: str) -> list[Requirement]:
    more = [line for extra in extras for line in PROJECT["optional-dependencies"][extra]]
    return [Requirement(line) for line in (*PROJECT["dependencies"], *more)]


def installed(wanted: list[Requirement]) -> set[str]:
    """The names of these and of all that they need, in the environment that runs this."""
    found: set[str] = set()
    left = [(each, "") for each in wanted]
    while left:
        each, extra = left.pop()
        name = canonicalize_name(each.name)
        if each.marker is not None and not each.marker.evaluate({"extra": extra}):
            continue
        known = name in found
        found.add(name)
        if not known or each.extras:
            below = [Requirement(line) for line in requires(name) or ()]
            left += [(one, chosen) for one in below for chosen in ("", *each.extras)]
    return found


@pytest.mark.parametrize("file", ["constraints.txt", "requirements.lock"])
def test_S13_every_version_is_exact(file: str) -> None:
    for requirement in pinned(file).values():
        assert version(requirement)
        assert requirement.url is None


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_S13_nothing_is_older_than_its_floor_or_it_is_not_there(name: str) -> None:
    for file in (CONSTRAINTS, LOCK):
        if name in ABSENT:
            assert name not in file
        else:
            assert version(file[name]) >= Version(FLOORS[name])
    if name in ABSENT:
        with pytest.raises(PackageNotFoundError):
            requires(name)
    for requirement in declared("dev"):
        if canonicalize_name(requirement.name) == name:  # nor would an installation without our files be older
            assert not requirement.specifier.contains(_just_below(FLOORS[name]))


def _just_below(floor: str) -> str:
    first, *rest = (int(part) for part in floor.split("."))
    return ".".join(map(str, (first, *rest[:-1], rest[-1] - 1))) if rest[-1] else f"{first - 1}.999"


def test_S13_the_lock_has_versions_and_hashes_of_all_that_serving_needs_and_of_nothing_else() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]
    assert len(entries) == len(LOCK)
    for entry in entries:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.partition("\n")[0]
    here = {name for name, each in LOCK.items() if each.marker is None or each.marker.evaluate()}
    assert here == installed(declared())


def test_S13_project_constraints_and_lock_agree() -> None:
    for name, requirement in LOCK.items():
        assert version(requirement) == version(CONSTRAINTS[name]), name
    for requirement in declared("dev"):
        name = canonicalize_name(requirement.name)
        assert requirement.specifier.contains(version(CONSTRAINTS[name])), name


def test_S13_no_file_says_from_where_to_install() -> None:
    for file in ("constraints.txt", "requirements.lock", "pyproject.toml"):
        text = (ROOT / file).read_text("utf-8")
        assert not re.search(r"--(extra-)?index-url|--find-links|://", text)


def test_S13_what_is_built_for_people_is_installed_by_the_lock_and_advisories_are_asked_for() -> None:
    steps = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "--require-hashes -r requirements.lock" in steps
    assert ".ci/advisories" in steps
