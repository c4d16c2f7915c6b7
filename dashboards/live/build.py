"""Which build of the pages this is: a page that meets a server of another one loads itself again."""

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings

FOLDER = Path(__file__).parents[1]  # the whole of `dashboards`
_OURS = {".py", ".html", ".js", ".css"}


def parts() -> list[Path]:
    """Return every file that makes our pages."""
    return sorted(path for path in FOLDER.rglob("*") if path.suffix in _OURS and path.is_file())


@cache
def build_id() -> str:
    """Return 12 hex digits of the version and of every file that makes our pages, read once a process."""
    digest = hashlib.sha256(settings.VERSION.encode())
    for path in parts():
        digest.update(f"\0{path.relative_to(FOLDER)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]
