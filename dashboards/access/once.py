"""A form that is sent twice (a double click, a reload, an impatient Enter) does its deed once.

The form carries a word of its own; the session remembers where the first sending led, and the second is led there.
"""

import secrets
from typing import Final

from django.http import HttpRequest, HttpResponseRedirect

FIELD: Final = "once"
_KEY: Final = "once"
_KEPT: Final = 30


def word() -> str:
    """Return a new word for the hidden field `once` of a form."""
    return secrets.token_urlsafe(12)


def repeated(request: HttpRequest) -> HttpResponseRedirect | None:
    """Return where the first sending of this form led; None if this is the first."""
    done = request.session.get(_KEY, {})
    url = done.get(request.POST.get(FIELD, ""))
    return HttpResponseRedirect(url) if url else None


def done(request: HttpRequest, url: str) -> HttpResponseRedirect:
    """Remember where this sending leads, and go there."""
    sent = request.POST.get(FIELD, "")[:40]
    if sent:
        known = {**request.session.get(_KEY, {}), sent: url}
        request.session[_KEY] = dict(list(known.items())[-_KEPT:])
    return HttpResponseRedirect(url)
