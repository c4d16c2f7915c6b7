"""Secrets that a page shows once: from the request that made them to the page after the redirect.

They travel in a signed cookie that only the server reads, for a minute and for one look.  So a reload or the back
button makes no second secret and shows no old one, and the server keeps none.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from dashboards.access import qr

_COOKIE: Final = "shown"
_SALT: Final = "dashboards.access.shown"
_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Secret:
    """What is shown; `name` says what it is of, `whose` who may be shown it (the primary key of the reader)."""

    kind: Literal["token", "link", "display", "webhook"]
    name: str
    text: str
    whose: int


def hand_over(response: HttpResponse, secret: Secret) -> HttpResponse:
    """Let the page that this response leads to show the secret."""
    response.set_cookie(
        _COOKIE,
        signing.dumps(asdict(secret), salt=_SALT),
        max_age=_SECONDS,
        httponly=True,
        samesite="Strict",
        secure=bool(settings.SESSION_COOKIE_SECURE),
    )
    return response


def to_show(request: HttpRequest, *kinds: str) -> dict[str, Any]:
    """Return what `dashboards/access/shown.html` needs: a link as its whole address, and as a code to scan."""
    secret = waiting(request, *kinds)
    if secret is None:
        return {"secret": None}
    if secret.kind in ("token", "webhook"):
        return {"secret": secret, "address": secret.text}
    if secret.kind == "link":
        path = reverse("dashboards:welcome", args=secret.text.split("/"))
    else:
        path = reverse("dashboards:display", args=[secret.text])
    address = request.build_absolute_uri(path)
    return {"secret": secret, "address": address, "qr": qr.svg(address, label=_("The address as a QR code"))}


def waiting(request: HttpRequest, *kinds: str) -> Secret | None:
    """Return the secret of one of these kinds that waits to be shown to this reader."""
    try:
        secret = Secret(**signing.loads(request.COOKIES.get(_COOKIE, ""), salt=_SALT, max_age=_SECONDS))
    except (signing.BadSignature, TypeError):
        return None
    return secret if secret.kind in kinds and secret.whose == request.user.pk else None


def forget(response: HttpResponse) -> HttpResponse:
    """The page was shown: the next one shows no secret."""
    response.delete_cookie(_COOKIE, samesite="Strict")
    return response
