"""What a site has changed of the product's rules: versions, each whole and never changed; the highest holds.

Whoever judges asks for `versions` each second or two, and for the sets themselves when one has risen: so a change
is live without a restart.
"""

from datetime import datetime
from typing import Final, NamedTuple

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from fleet.access import service as access
from fleet.access.errors import Refused
from fleet.access.models import Site
from fleet.safety.changes import Changes, differences, standing, tidy
from fleet.safety.models import RuleSet
from fleet.safety.rules import Limits, limits_of

LONGEST_WHY: Final = 300


class Current(NamedTuple):
    """The rule set that holds at a site.  Version 0: the product's own, nothing changed."""

    version: int
    changes: Changes


PRODUCT: Final = Current(0, {})


def current(site_id: int) -> Current:
    """Return what holds at the site now."""
    row = of_site(site_id).first()
    return Current(row.version, row.changes) if row else PRODUCT


def current_everywhere() -> dict[int, Current]:
    """Return what holds by site id; a site that is not named has the product's rules (`PRODUCT`)."""
    rows = RuleSet.objects.order_by("site_id", "-version").distinct("site_id")
    return {row.site_id: Current(row.version, row.changes) for row in rows}


def limits_everywhere() -> dict[int, Limits]:
    """Return the numbers that hold by site id, with their version; a site not named has `rules.PRODUCT`."""
    held = current_everywhere().items()
    return {site_id: limits_of(standing(one.changes), version=one.version) for site_id, one in held}


def versions() -> dict[int, int]:
    """Return the version that holds by site id: one small question, for whoever asks every second."""
    found = RuleSet.objects.values("site_id").annotate(highest=Max("version"))
    return {row["site_id"]: row["highest"] for row in found}


def of_site(site_id: int) -> "QuerySet[RuleSet]":
    """Return every version of the site, the one that holds first."""
    return RuleSet.objects.filter(site_id=site_id).select_related("by").order_by("-version")


def change(
    *, actor: User | None, site: Site, changes: Changes, why: str, now: datetime, seen: int | None = None
) -> RuleSet:
    """Let these changes hold at the site, in place of those that held: a new version, live within seconds.

    To go back is the same: the changes of an earlier version, as a new one.

    Args:
        changes: The whole set; what is not named is the product's.
        seen: The version that the actor saw when they made up their mind; None: whatever holds.

    Raises:
        NotVisible, Denied: As `access.require`, for `write_rule`.
        rules.WrongChange: A value cannot be; it names rule and parameter.
        Refused: No reason, nothing changed, or somebody else was faster.
    """
    if actor is not None:
        access.require(actor, "write_rule", site, subject=site.slug)
    why = " ".join(why.split())
    if not why or len(why) > LONGEST_WHY:
        raise Refused(_("Say why, in at most %(most)d characters.") % {"most": LONGEST_WHY})
    wanted = tidy(changes)
    with transaction.atomic():
        Site.objects.select_for_update(no_key=True).get(
            pk=site.pk
        )  # two who change at once: one after the other
        return _put(actor, site, wanted, why, now, seen)


def _put(
    actor: User | None, site: Site, wanted: Changes, why: str, now: datetime, seen: int | None
) -> RuleSet:
    held = current(site.pk)
    if seen is not None and seen != held.version:
        raise Refused(
            _("Meanwhile version %(version)d was put live; look at it, then change it again.")
            % {"version": held.version}
        )
    found = differences(held.changes, wanted)
    if not found:
        raise Refused(_("Nothing would change: these are the numbers that hold now."))
    row = RuleSet.objects.create(
        site=site, version=held.version + 1, changes=wanted, by=actor, at=now, why=why
    )
    access.record(
        actor,
        "rules.changed",
        site=site,
        subject=f"{site.slug} {row.version}",
        version=row.version,
        why=why,
        changed=[one.in_words() for one in found],
    )
    return row
