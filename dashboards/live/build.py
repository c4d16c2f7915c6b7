"""Which build of the pages this is: a page that meets a server of another one loads itself again."""

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings

_OURS = {".py", ".html", ".js", ".css"}


@cache
def build_id() -> str:
    """Return 12 hex digits of the version and of every file that makes our pages, read once a process."""
    folder = Path(__file__).parent
    digest = hashlib.sha256(settings.VERSION.encode())
    for path in sorted(folder.rglob("*")):
        if path.suffix in _OURS and path.is_file():
            digest.update(f"\0{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]
