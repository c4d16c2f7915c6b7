"""Reads: what was told to whom, and how a site tells."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from fleet.access.models import Membership, Site
from fleet.paging import browsers
from fleet.paging.models import Delivery, Escalation, PushAddress, Shift, Turn, Webhook
from fleet.safety.models import Alert


def told_about(alert: Alert, sites: Iterable[Site]) -> QuerySet[Delivery]:
    """Return what was told about the alert, the newest first, with whom and by what.

    Of the server's own, which every site is told: whom of these sites, and which of their webhooks.
    """
    told = _whole(Delivery.objects.filter(alert=alert))
    if alert.site_id is not None:
        return told
    mine = list(sites)
    members = Membership.objects.filter(site__in=mine).values("user")
    return told.filter(Q(user=None) | Q(user__in=members), Q(webhook=None) | Q(webhook__site__in=mine))


def told_at(site: Site, *, since: datetime) -> QuerySet[Delivery]:
    """Return what was told about the alerts of the site, the newest first."""
    return _whole(Delivery.objects.filter(alert__site=site, planned_at__gte=since))


def next_steps(alerts: Sequence[Alert]) -> dict[int, datetime]:
    """Return when the next step of each alert is due, for those that have one."""
    due = Escalation.objects.filter(alert__in=alerts, due_at__isnull=False)
    return {one.alert_id: one.due_at for one in due if one.due_at is not None}


def rota_of(site: Site) -> QuerySet[Shift]:
    """Return the lines of the site's rota, by duty and day."""
    return (
        Shift.objects.filter(site=site)
        .select_related("user")
        .order_by("duty", "weekday", "starts", "user__username", "pk")
    )


def turns_of(site: Site) -> QuerySet[Turn]:
    """Return who took over at the site, the newest first."""
    return Turn.objects.filter(site=site).select_related("user").order_by("-since", "-pk")


def webhooks_of(site: Site) -> QuerySet[Webhook]:
    """Return the systems that the site tells."""
    return Webhook.objects.filter(site=site, revoked_at=None).order_by("name", "pk")


def browsers_of(user: User) -> QuerySet[PushAddress]:
    """Return the browsers that this person is pushed to, also those whose push service forgot them."""
    return browsers.kept(user)


def _whole(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    return rows.select_related("alert", "user", "webhook", "push").order_by("-planned_at", "-pk")
