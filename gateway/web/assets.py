"""The static files of the pages, held in memory and named by their content."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gateway.web import cookbook

FOLDER = Path(__file__).parent / "assets"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
UNCHANGING = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    name: str
    content: bytes
    digest: str

    @property
    def url(self) -> str:
        """Relative, so that it holds behind any path prefix; the digest lets browsers keep the file for a year."""
        return f"assets/{self.name}?v={self.digest}"

    @property
    def etag(self) -> str:
        return f'"{self.digest}"'

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[Path(self.name).suffix]


def _asset(name: str, content: bytes) -> Asset:
    return Asset(name, content, hashlib.sha256(content).hexdigest()[:16])


@cache
def all_assets() -> MappingProxyType[str, Asset]:
    """By name: the files of `assets/`, and `examples.json` made from the cookbook."""
    examples = json.dumps([dataclasses.asdict(recipe) for recipe in cookbook.load()])
    contents = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir())}
    contents["examples.json"] = examples.encode()
    return MappingProxyType({name: _asset(name, content) for name, content in contents.items()})


async def serve(request: Request) -> Response:
    """GET or HEAD of `/assets/{name}`; 304 to a browser that has it."""
    asset = all_assets().get(request.path_params["name"])
    if asset is None:
        return PlainTextResponse("no such asset\n", status_code=404)
    fresh = request.query_params.get("v") == asset.digest
    headers = {
        "Cache-Control": UNCHANGING if fresh else "no-cache",
        "ETag": asset.etag,
        "X-Content-Type-Options": "nosniff",
    }
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if asset.etag in known:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)
