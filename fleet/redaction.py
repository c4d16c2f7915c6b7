"""Cuts secrets out of whatever is about to be written down: log lines, reports of errors.  Pure.

What opens something here is either recognised by its own prefix (tokens, permits, display links, webhooks' secrets)
or by where it stands (`?token=`, `/display/…/`, an Authorization header, a cookie, `smtp://user:…@`).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

CUT: Final = "…"
_END: Final = r"""[^\s"'\\&;,<>)\]}]"""  # what a secret is made of, whatever quotes it
_RULES: Final = (
    (re.compile(r"\b(my[od]_)[A-Za-z0-9_\-]+"), r"\1" + CUT),
    (re.compile(r"\b(myp_)[A-Za-z0-9_\-.:]+"), r"\1" + CUT),
    (re.compile(r"(/display(?:/|%2F))[^/\s\"'\\?]+", re.I), r"\1" + CUT),
    (re.compile(r"\b(whsec_)[A-Za-z0-9+/=_\-]+"), r"\1" + CUT),
    (re.compile(r"(/welcome/[^/\s]+/)[^/\s\"'\\?]+"), r"\1" + CUT),
    (re.compile(r"(/email(?:/|%2F))[A-Za-z0-9_\-]{20,}", re.I), r"\1" + CUT),  # as long as no deed's name
    (re.compile(r"(://[^/\s:@\"'\\]*:)[^/\s@\"'\\]+@"), r"\1" + CUT + "@"),
    (re.compile(rf"\b(bearer(?:\s|%20|\+)+){_END}+", re.I), r"\1" + CUT),
    (
        re.compile(
            rf"""(authorization(?:\\?["'])?\s*[,:=]\s*(?:b?\\?["'])?)(?:(?:basic|token)\s+)?{_END}+""", re.I
        ),
        r"\1" + CUT,
    ),
    (
        re.compile(
            rf"\b((?:token|display|sessionid|csrftoken|csrfmiddlewaretoken|password)=(?:\\?[\"'])?){_END}+",
            re.I,
        ),
        r"\1" + CUT,
    ),
)
_SECRETS: Final = (
    "token",
    "secret",
    "password",
    "authorization",
    "cookie",
    "sessionid",
    "private_key",
    "endpoint",
    "p256dh",
    "permit",
)  # in names
_DEEPEST: Final = 12


def clean(text: str) -> str:
    """Return the text without secrets."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


def clean_all(value: Any, depth: int = 0) -> Any:
    """Return lists and mappings with every text in them cleaned; what is nested too deeply is left out."""
    if depth > _DEEPEST:
        return CUT
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bytes):
        return clean(value.decode("latin-1")).encode("latin-1", errors="replace")
    if isinstance(value, Mapping):
        return {
            key: CUT if _names_a_secret(key) and isinstance(part, str | bytes) else clean_all(part, depth + 1)
            for key, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [clean_all(part, depth + 1) for part in value]
    return value


def clean_event(event: Any, _hint: Any) -> Any:
    """Sentry's `before_send`."""
    return clean_all(event)


def _names_a_secret(key: object) -> bool:
    name = str(key).lower()
    return name == "auth" or any(
        word in name for word in _SECRETS
    )  # `auth`: what a browser's push is sealed with
