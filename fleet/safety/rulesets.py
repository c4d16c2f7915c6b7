"""What a site has changed of the product's rules: versions, each whole and never changed; the highest holds."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from django.db.models import Max

from fleet.safety.models import RuleSet

Changes = Mapping[str, Mapping[str, Any]]
"""`{rule: {parameter: value}}`, whole: what is not named is the product's."""


class Current(NamedTuple):
    """The rule set that holds at a site.  Version 0: the product's own, nothing changed."""

    version: int
    changes: Changes


PRODUCT: Final = Current(0, {})


def current(site_id: int) -> Current:
    """Return what holds at the site now."""
    row = RuleSet.objects.filter(site_id=site_id).order_by("-version").first()
    return Current(row.version, row.changes) if row else PRODUCT


def current_everywhere() -> dict[int, Current]:
    """Return what holds by site id; a site that is not named has the product's rules (`PRODUCT`)."""
    rows = RuleSet.objects.order_by("site_id", "-version").distinct("site_id")
    return {row.site_id: Current(row.version, row.changes) for row in rows}


def versions() -> dict[int, int]:
    """Return the version that holds by site id: one small question, for whoever asks every second."""
    found = RuleSet.objects.values("site_id").annotate(highest=Max("version"))
    return {row["site_id"]: row["highest"] for row in found}
