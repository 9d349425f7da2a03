"""The files of the pages: known by name when the server starts, never looked up by a request."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from contexta.web._answers import Body, Ready, ready
from contexta.web._errors import not_found

_MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


@cache
def _files() -> dict[str, Path]:
    root = Path(__file__).parent / "static"
    return {
        path.relative_to(root).as_posix(): path
        for path in root.rglob("*")
        if path.suffix in _MEDIA and path.is_file() and not path.is_symlink()
    }


@cache
def static_file(segments: tuple[str, ...], *, compress: bool) -> Ready:
    """Return the file of ``/static/…``, given the parts behind ``static``.

    Raises:
        HttpError: 404, no such file.
    """
    name = "/".join(segments)
    path = _files().get(name)
    if path is None:
        raise not_found("there is no such file of the pages")
    return ready(Body(path.read_bytes(), _MEDIA[path.suffix]), compress=compress)
