"""Reading settings from the environment; every problem becomes a system check, never a traceback."""

import os
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

problems: list[tuple[str, str, str]] = []
"""(name, what was seen, remedy) of each setting that could not be read; `fleet.checks` reports them."""

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """Return the setting, or what the file named by `<name>_FILE` holds (a mounted secret)."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            problems.append((f"{name}_FILE", path, f"make it readable: {error.strerror}"))
            return default
    return os.environ.get(name, default)


def number(name: str, default: int, *, least: int = 0) -> int:
    raw = os.environ.get(name, "")
    if not raw:
        return default
    try:
        value = int(raw)
    except ValueError:
        problems.append((name, repr(raw), f"set it to a whole number, such as {default}"))
        return default
    if value < least:
        problems.append((name, repr(raw), f"set it to {least} or more"))
        return default
    return value


def seconds(name: str, default: float) -> float:
    raw = os.environ.get(name, "")
    try:
        value = float(raw) if raw else default
    except ValueError:
        problems.append((name, repr(raw), f"set it to seconds, such as {default:g}"))
        return default
    if not 0 < value < 1e9:
        problems.append((name, repr(raw), "set it to a positive number of seconds"))
        return default
    return value


def switch(name: str, *, default: bool) -> bool:
    raw = os.environ.get(name)
    if raw is None:
        return default
    if raw.lower() not in _TRUE | _FALSE:
        problems.append((name, repr(raw), "set it to 1 or 0"))
        return default
    return raw.lower() in _TRUE


def words(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def url(name: str, default: str, schemes: tuple[str, ...]) -> SplitResult:
    """Return the parsed address; a wrong scheme or port is a problem that quotes no password."""
    raw = text(name, default)
    try:
        parts = urlsplit(raw)
        _ = parts.port
    except ValueError as error:
        problems.append((name, "an address that cannot be read", f"{error}; expected {default}"))
        return urlsplit(default)
    if parts.scheme not in schemes or not parts.hostname:
        seen = f"{parts.scheme or 'no scheme'}://{parts.hostname or '(no host)'}"
        problems.append((name, seen, f"expected {schemes[0]}://user:password@host:port…"))
        return urlsplit(default)
    return parts


def endpoint(name: str) -> tuple[str, int] | None:
    """Return host and port of `tcp://host:port`; None: unset, or a problem."""
    if not text(name):
        return None
    known, expected = len(problems), "expected tcp://host:port, such as tcp://127.0.0.1:8765"
    parts = url(name, "tcp://127.0.0.1:8765", ("tcp",))
    if len(problems) > known:
        problems[known:] = [(name, problems[known][1], expected)]  # no user, no password here
        return None
    if not parts.hostname or not parts.port:
        problems.append((name, repr(text(name)), expected))
        return None
    return parts.hostname, parts.port


def credentials(parts: SplitResult) -> tuple[str, str]:
    return unquote(parts.username or ""), unquote(parts.password or "")
