"""What every page shows around its own matter: where one can go, and the bar of alerts."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from dashboards.bar import bar_of
from fleet.access import queries as access
from fleet.access.roles import allows


@dataclass(frozen=True, slots=True)
class Way:
    """One entry of the navigation; `here` if the page that is open belongs to it."""

    label: str
    url: str
    here: bool


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Read lazily, because a page that shows no navigation may be shown while the database is away."""
    return {
        "ways": SimpleLazyObject(lambda: _ways(request)),
        "alert_bar": SimpleLazyObject(lambda: bar_of(request.user)),
    }


def _ways(request: HttpRequest) -> list[Way]:
    roles = access.roles_of(request.user)
    entries = (
        ("home", _("Sites"), "see"),
        ("alerts", _("Alerts"), "see"),
        ("duty", _("Duty"), "see"),
        ("devices", _("Devices"), "see"),
        ("sessions", _("Sessions"), "see"),
        ("protocols", _("Protocols"), "see"),
        ("rollouts", _("Rollouts"), "see"),
        ("commands", _("Commands"), "see"),
        ("rejects", _("Rejects"), "see_rejects"),
        ("system", _("System"), "see_system"),
        ("people", _("People"), "manage_people"),
        ("audit", _("Audit"), "see_audit"),
    )
    return [
        _way(request.path, name, label)
        for name, label, verb in entries
        if any(allows(role, verb) for role in roles)
    ]


def _way(path: str, name: str, label: str) -> Way:
    url = reverse(f"dashboards:{name}")
    return Way(label, url, _is_here(path, url))


def _is_here(path: str, url: str) -> bool:
    if url == reverse("dashboards:home"):
        return path == url or path.startswith("/sites/")
    return path.startswith(url)
