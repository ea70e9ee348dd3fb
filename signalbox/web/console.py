"""The browser application: files built beforehand, held in memory, so that no path of a request ever meets the disk."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from signalbox.web.access import PUBLIC
from signalbox.web.given import Given

FOLDER = Path(__file__).parent / "static"
_INDEX = "index.html"
_WITH_CALL_IDS = ("calls", "call-records")  # addresses of the application that end in a call id, which has a dot
_FOREVER = "public, max-age=31536000, immutable"
_TYPES = {".woff2": "font/woff2", ".webp": "image/webp", ".webmanifest": "application/manifest+json"}
_COMPRESSED = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/manifest+json")
_NOT_BUILT = Path(__file__).parent / "pages" / "console-not-built.html"


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    zipped: bytes | None
    media_type: str
    etag: str


class Console:
    """The built files by their path; read again when ``index.html`` was built anew."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._files: dict[str, _File] = {}
        self._built = 0.0

    def find(self, path: str) -> tuple[str, _File] | None:
        """The file at ``path``, or the application's page for paths that are its own; nothing when there is neither."""
        self._refresh()
        name = path.strip("/") or _INDEX
        if name not in self._files and name != _INDEX:
            if Path(name).suffix and name.partition("/")[0] not in _WITH_CALL_IDS:
                raise NotFoundException  # a file that is not there must not look like a page
            name = _INDEX
        file = self._files.get(name)
        return None if file is None else (name, file)

    def _refresh(self) -> None:
        index = self._folder / _INDEX
        built = index.stat().st_mtime if index.exists() else 0.0
        if built != self._built:
            found = [file for file in self._folder.rglob("*") if file.is_file()] if built else []
            self._files = {file.relative_to(self._folder).as_posix(): _load(file) for file in found}
            self._built = built


def _load(file: Path) -> _File:
    content = file.read_bytes()
    known = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]  # whose table depends on the machine
    media_type = known or "application/octet-stream"
    zipped = gzip.compress(content, 6, mtime=0) if media_type.startswith(_COMPRESSED) else None
    return _File(content, zipped, media_type, f'"{hashlib.sha256(content).hexdigest()[:24]}"')


@get(["/", "/{path:path}"], opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def console_file(
    request: Request[Any, Any, Any], console: Given[Console], path: FromPath[str] = ""
) -> Response[bytes | str]:
    """Answer a file of the console. Those with a hash in their name never change; the page is asked for every time."""
    found = console.find(path)
    if found is None:
        return Response(_NOT_BUILT.read_text(), status_code=503, media_type="text/html")
    name, file = found
    headers = {
        "ETag": file.etag,
        "Vary": "Accept-Encoding",
        "Cache-Control": _FOREVER if name.startswith("assets/") else "no-cache",
    }
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=file.media_type)
    if file.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(file.zipped, headers=headers, media_type=file.media_type)
    return Response(file.content, headers=headers, media_type=file.media_type)
