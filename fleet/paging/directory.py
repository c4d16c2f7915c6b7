"""Whom a step reaches, and how: looked up once a tick, since many alerts ask for the same people."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User

from fleet.access.models import Site
from fleet.paging import duty as duties
from fleet.paging import service
from fleet.paging.channels import email, push
from fleet.paging.models import PushAddress, Webhook
from fleet.paging.policies import Channel, Plan, StepPlan, Whom
from fleet.safety.models import Alert
from fleet.safety.words import Duty, Priority


@dataclass(frozen=True, slots=True)
class Way:
    """One message to one recipient."""

    channel: Channel
    user_id: int | None = None
    webhook_id: int | None = None
    push_id: int | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a step reaches: `ways` to them, and `out_of_reach`, who should know and has no way."""

    people: tuple[User, ...] = ()
    ways: tuple[Way, ...] = ()
    out_of_reach: tuple[User, ...] = ()

    @property
    def reaches_somebody(self) -> bool:
        return len(self.people) > len(self.out_of_reach)


def leaves_the_house() -> bool:
    """Whether there is any way to a person who is at no open page: mail, or a browser that takes push."""
    return email.is_set_up() or (push.is_set_up() and PushAddress.objects.filter(gone_at=None).exists())


@dataclass(slots=True)
class Directory:
    """What one tick looked up.  An alert of no site is every site's."""

    now: datetime
    _plans: dict[tuple[int | None, str], Plan] = field(default_factory=dict)
    _on_duty: dict[tuple[int, Duty], tuple[duties.OnDuty, ...]] = field(default_factory=dict)
    _anyone: dict[tuple[tuple[int, ...], Duty], list[User]] = field(default_factory=dict)
    _browsers: dict[int, list[int]] | None = None
    _webhooks: dict[tuple[int, ...], list[int]] = field(default_factory=dict)
    _sites: dict[int, Site] = field(default_factory=dict)

    def plan(self, alert: Alert, priority: Priority) -> Plan:
        key = (alert.site_id, priority.value)
        if key not in self._plans:
            self._plans[key] = service.plan_of(alert.site, priority)
        return self._plans[key]

    def zone(self, alert: Alert) -> ZoneInfo:
        return ZoneInfo(alert.site.time_zone if alert.site else settings.DISPLAY_TIME_ZONE)

    def reach(self, alert: Alert, step: StepPlan) -> Reach:
        """Return whom the step reaches for this alert, and how."""
        people = self._people(alert, step)
        personal: dict[int, list[Way]] = {user.pk: list(self._ways_to(user, step)) for user in people}
        ways = [way for some in personal.values() for way in some]
        if Channel.CONSOLE in step.channels:
            ways.append(Way(Channel.CONSOLE))
        if Channel.WEBHOOK in step.channels:
            ways.extend(Way(Channel.WEBHOOK, webhook_id=one) for one in self._webhooks_of(alert))
        out = [] if Channel.CONSOLE in step.channels else [user for user in people if not personal[user.pk]]
        return Reach(tuple(people), tuple(ways), tuple(out))

    def _people(self, alert: Alert, step: StepPlan) -> list[User]:
        duty = Duty(alert.duty)
        if step.whom == Whom.PERSON:
            there = User.objects.filter(is_active=True, memberships__site__in=self._site_ids(alert))
            return list(there.filter(pk=step.person_id or 0).distinct())
        if step.whom == Whom.ANYONE:
            site_ids = tuple(self._site_ids(alert))
            if (site_ids, duty) not in self._anyone:
                self._anyone[site_ids, duty] = duties.anyone(site_ids, duty)
            return self._anyone[site_ids, duty]
        here = [step.site_id] if step.whom == Whom.SITE and step.site_id else self._site_ids(alert)
        held = [one.user for site_id in here for one in self._held(site_id, duty)]
        return list({user.pk: user for user in held}.values())

    def _held(self, site_id: int, duty: Duty) -> tuple[duties.OnDuty, ...]:
        if (site_id, duty) not in self._on_duty:
            site = self._all_sites().get(site_id)
            if site is None:
                return ()
            self._on_duty |= duties.on_duty([site], self.now)
        return self._on_duty[site_id, duty]

    def _ways_to(self, user: User, step: StepPlan) -> Iterable[Way]:
        if Channel.EMAIL in step.channels and user.email and email.is_set_up():
            yield Way(Channel.EMAIL, user_id=user.pk)
        if Channel.PUSH in step.channels and push.is_set_up():
            for one in self._browsers_of(user.pk):
                yield Way(Channel.PUSH, user_id=user.pk, push_id=one)

    def _browsers_of(self, user_id: int) -> list[int]:
        if self._browsers is None:
            self._browsers = defaultdict(list)
            for owner, pk in PushAddress.objects.filter(gone_at=None).values_list("user_id", "pk"):
                self._browsers[owner].append(pk)
        return self._browsers.get(user_id, [])

    def _webhooks_of(self, alert: Alert) -> list[int]:
        site_ids = tuple(self._site_ids(alert))
        if site_ids not in self._webhooks:
            found = Webhook.objects.filter(site__in=site_ids, revoked_at=None).order_by("pk")
            self._webhooks[site_ids] = list(found.values_list("pk", flat=True))
        return self._webhooks[site_ids]

    def _site_ids(self, alert: Alert) -> list[int]:
        return [alert.site_id] if alert.site_id is not None else list(self._all_sites())

    def _all_sites(self) -> dict[int, Site]:
        if not self._sites:
            self._sites = Site.objects.in_bulk()
        return self._sites
