"""The bar of alerts that stands on every page, as it is first rendered; `bar.js` takes over from there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models import Count as Tally
from django.utils import timezone

from dashboards.live import alertreads
from dashboards.words.bar_texts import bar_texts, duty_words
from devices.moments import iso, to_ms
from fleet.access import mfa
from fleet.access import queries as access
from fleet.access.models import Site
from fleet.access.roles import allows
from fleet.paging.duty import VERB
from fleet.safety import queries
from fleet.safety import texts as texts_of
from fleet.safety.models import Alert
from fleet.safety.words import OPEN, Duty, Priority, State

_SHOWN = (Priority.HIGH, Priority.MEDIUM, Priority.LOW)
_ANSWERED = Case(
    When(state=State.RAISED, then=Value(0)),
    When(state=State.CLEARED, acknowledged_at=None, then=Value(1)),
    When(state=State.ACKNOWLEDGED, then=Value(2)),
    default=Value(3),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class Count:
    """How many lines of one priority are open."""

    priority: str
    n: int
    words: str


@dataclass(frozen=True, slots=True)
class Bar:
    """What the template of the bar needs.

    `socket`: the query of its WebSocket; `duties`: which duties' medium and low alerts sound here; `links`: the page
    may lead elsewhere, which a screen on the wall does not; `zone`: that in which the bar tells times.
    """

    socket: str
    duties: str
    links: bool
    zone: str
    counts: tuple[Count, ...]
    newest: Alert | None
    newest_text: str
    newest_at: str
    care: str
    technical: str
    care_missing: bool
    technical_missing: bool
    texts: dict[str, str] = field(repr=False)

    @property
    def worst(self) -> str:
        """The priority of the worst that is open; nothing for none."""
        return next((one.priority for one in self.counts if one.n), "")


def bar_of(user: access.Person) -> Bar | None:
    """Return the bar of somebody who is logged in; None for whoever sees no site, or not yet."""
    if not isinstance(user, User) or mfa.must_set_up(user):
        return None
    sites = list(access.sites_of(user).distinct().order_by("name", "pk"))
    if not sites:
        return None
    roles = access.roles_of(user)
    duties = [duty.value for duty in Duty if any(allows(role, VERB[duty]) for role in roles)]
    return _bar(sites, {}, duties, links=True)


def bar_of_site(site: Site, *, display: str = "") -> Bar:
    """Return the bar of a screen on the wall of one site; `display`: the secret that opened it."""
    asked = {"display": display} if display else {"site": site.slug}
    return _bar([site], asked, [Duty.CARE.value], links=not display)


def counts_by_site(sites: Sequence[Site]) -> dict[int, tuple[Count, ...]]:
    """Return how many lines of each site's own are open, by site; priorities that have none are left out."""
    texts = bar_texts()
    rows = Alert.objects.filter(queries.IS_LINE, site__in=sites, state__in=OPEN).values("site_id", "priority")
    found = {(row["site_id"], row["priority"]): row["n"] for row in rows.annotate(n=Tally("pk")).order_by()}
    return {
        site.pk: tuple(
            Count(one.value, n, texts[f"count.{one.value}"].format(n=n))
            for one in _SHOWN
            if (n := found.get((site.pk, one.value), 0))
        )
        for site in sites
    }


def _bar(sites: Sequence[Site], asked: dict[str, str], duties: Sequence[str], *, links: bool) -> Bar:
    texts = bar_texts()
    ids = [site.pk for site in sites]
    counted = queries.counts(ids)
    newest = _newest_high(ids) if counted[Priority.HIGH] else None
    names = "display" not in asked
    on_duty: list[dict[str, Any]] = alertreads.duty_at(sites, timezone.now(), names=names)
    care, care_missing = duty_words(on_duty, "care", texts)
    technical, technical_missing = duty_words(on_duty, "technical", texts)
    zones = {site.time_zone for site in sites}
    return Bar(
        socket=urlencode(asked),
        duties=" ".join(duties),
        links=links,
        zone=zones.pop() if len(zones) == 1 else "UTC",
        counts=tuple(
            Count(one.value, counted[one], texts[f"count.{one.value}"].format(n=counted[one]))
            for one in _SHOWN
        ),
        newest=newest,
        newest_text=_said(newest, texts) if newest else "",
        newest_at=(iso(to_ms(newest.raised_at)) or "") if newest else "",
        care=care,
        technical=technical,
        care_missing=care_missing,
        technical_missing=technical_missing,
        texts=texts,
    )


def _said(alert: Alert, texts: dict[str, str]) -> str:
    """Return what it says now, as `textOf` in bar-words.js does."""
    sentence = str(texts_of.sentence(alert))
    if alert.state != State.CLEARED:
        return sentence
    return texts["newest.over" if alert.acknowledged_at else "newest.missed"].format(text=sentence)


def _newest_high(site_ids: Sequence[int]) -> Alert | None:
    """Return the high alert that the bar names, as `newestHigh` in alerts-store.js chooses it."""
    lines = queries.open_alerts(site_ids).filter(queries.IS_LINE, priority=Priority.HIGH, late=False)
    away = Q(device__serial__in=alertreads.away(site_ids, timezone.now()), in_session=False)
    return lines.exclude(away).order_by(_ANSWERED, "-raised_at", "-pk").first()
