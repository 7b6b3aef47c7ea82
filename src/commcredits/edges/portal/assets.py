"""The portal's static files: read once, served from memory, named by their content.

Knows files. Refuses to know who asks: stylesheets, scripts and fonts are no secret.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

_MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_VERSION_LENGTH: Final = 16
_KEPT_FOR_EVER: Final = "public, max-age=31536000, immutable"
_KEPT_FOR_A_DAY: Final = "public, max-age=86400"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file; ``version`` changes whenever its content does. ``packed`` is its content by gzip, where that helps."""

    content: bytes
    media_type: str
    version: str
    packed: bytes | None = None


def load() -> Mapping[str, Asset]:
    """Every static file of the package by its name, ours and those that were vendored."""
    loaded = {}
    folder = files(__package__).joinpath("static")
    for file in (*folder.iterdir(), *folder.joinpath("vendor").iterdir()):
        media_type = _MEDIA_TYPES.get(PurePosixPath(file.name).suffix)
        if media_type is not None:
            content = file.read_bytes()
            version = hashlib.sha256(content).hexdigest()[:_VERSION_LENGTH]
            loaded[file.name] = Asset(
                content=content, media_type=media_type, version=version, packed=_packed(content, media_type)
            )
    return loaded


def answer(asset: Asset, request: Request) -> Response:
    """The file; to be kept for ever when it was asked for by its version, for a day otherwise."""
    tag = f'"{asset.version}"'
    kept = _KEPT_FOR_EVER if request.query_params.get("v") == asset.version else _KEPT_FOR_A_DAY
    headers = {"Cache-Control": kept, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if asset.packed is not None:
        headers["Vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(asset.packed, media_type=asset.media_type, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)


def _packed(content: bytes, media_type: str) -> bytes | None:
    """Text by gzip; fonts are packed already."""
    return None if media_type.startswith("font/") else gzip.compress(content, mtime=0)
