"""Makes the vendored part of `assets/` from `vendored.toml`: `python -m gateway.web.vendor`.

Needs npm; the gateway itself never runs it. `assets/` also holds files of our own, which it leaves alone.
"""

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ASSETS = HERE / "assets"
PINS = HERE / "vendored.toml"

SOURCE_MAP_COMMENT = re.compile(rb"\s*(//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/)\s*\Z")
LICENCE_NAME = re.compile(r"(licen[cs]e|copying)[^/]*", re.IGNORECASE)
# GraphiQL's own repository holds these packages in folders of other names.
WORKSPACE_NAMES = {
    "graphiql-plugin-doc-explorer": "@graphiql/plugin-doc-explorer",
    "graphiql-plugin-history": "@graphiql/plugin-history",
    "graphiql-react": "@graphiql/react",
    "graphiql-toolkit": "@graphiql/toolkit",
}


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package as downloaded: its manifest and its files by path."""

    manifest: Mapping[str, object]
    files: Mapping[str, bytes]

    @property
    def licence(self) -> str:
        return str(self.manifest["license"])

    @property
    def licence_text(self) -> str:
        """Empty when the package carries none."""
        texts = [self.files[path] for path in sorted(self.files) if LICENCE_NAME.fullmatch(path)]
        return "\n".join(text.decode().strip() for text in texts)


def fetch(name: str, version: str, folder: Path) -> Package:
    command = ["npm", "pack", "--silent", "--ignore-scripts", f"{name}@{version}"]
    output = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    with tarfile.open(folder / output.split()[-1]) as archive:
        files = {
            member.name.partition("/")[2]: handle.read()
            for member in archive.getmembers()
            if (handle := archive.extractfile(member)) is not None
        }
    manifest = json.loads(files["package.json"])
    if (manifest["name"], manifest["version"]) != (name, version):
        raise SystemExit(f"asked for {name} {version}, got {manifest['name']} {manifest['version']}")
    return Package(manifest, files)


def bundled_names(source_map: bytes) -> frozenset[str]:
    """The packages whose code is in a bundle, as its source map tells."""
    names = set()
    for source in json.loads(source_map)["sources"]:
        installed = re.findall(r"node_modules/((?:@[^/]+/)?[^/]+)", source)
        if installed:
            names.add(installed[-1])
        elif source.startswith("../../"):
            folder = source.split("/")[2]
            names.add(WORKSPACE_NAMES.get(folder, folder))
    return frozenset(names)


def check_bundled(packages: Sequence[Package], pinned: Mapping[str, str]) -> None:
    """Every library inside a bundle must be pinned, or its licence would be missing."""
    inside = {
        name
        for package in packages
        for path, content in package.files.items()
        if path.endswith(".min.js.map")
        for name in bundled_names(content)
    }
    apart = {str(package.manifest["name"]) for package in packages}
    if missing := inside - apart - pinned.keys():
        raise SystemExit(f"in a bundle, but not under [bundled] in {PINS.name}: {', '.join(sorted(missing))}")


def licences_text(packages: Sequence[Package]) -> str:
    parts = [
        f"{package.manifest['name']} ({package.licence})\n\n"
        f"{package.licence_text or 'The package carries no licence text of its own.'}\n"
        for package in packages
    ]
    rule = "\n" + "-" * 80 + "\n\n"
    return "Licences of the code and fonts used by the GraphiQL page\n" + rule + rule.join(parts)


def main() -> None:
    pins = tomllib.loads(PINS.read_text())
    versions: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        packages = [fetch(pin["name"], pin["version"], folder) for pin in pins["package"]]
        check_bundled(packages, pins["bundled"])
        inside = [fetch(name, version, folder) for name, version in pins["bundled"].items()]
    for pin, package in zip(pins["package"], packages, strict=True):
        digests = {}
        for path, target in pin["files"].items():
            content = SOURCE_MAP_COMMENT.sub(b"\n", package.files[path])
            (ASSETS / target).write_bytes(content)
            digests[target] = hashlib.sha256(content).hexdigest()
        versions.append(
            {"package": pin["name"], "version": pin["version"], "licence": package.licence, "sha256": digests}
        )
    bundled = [{"package": package.manifest["name"], "licence": package.licence} for package in inside]
    (ASSETS / "VERSIONS.json").write_text(json.dumps({"vendored": versions, "bundled": bundled}, indent=2) + "\n")
    (ASSETS / "LICENSES.txt").write_text(licences_text([*packages, *inside]))


if __name__ == "__main__":
    main()
