"""The status page and the page of the API, in plain HTML and scripts of our own; nothing comes from elsewhere."""

from functools import partial
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse

_FOLDER = Path(__file__).parent / "page"
_PAGES = {"/": "status.html", "/docs": "docs.html"}
_PARTS = {"status.js": "text/javascript", "docs.js": "text/javascript", "page.css": "text/css"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def _file(name: str, media_type: str) -> FileResponse:
    return FileResponse(_FOLDER / name, media_type=media_type, headers=_HEADERS)


router = APIRouter(include_in_schema=False)
for path, name in _PAGES.items():
    router.add_api_route(path, partial(_file, name, "text/html"), response_model=None, name=name)
for name, media_type in _PARTS.items():
    router.add_api_route(f"/page/{name}", partial(_file, name, media_type), response_model=None, name=name)
