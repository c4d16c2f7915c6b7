"""Who is told of what: policies, the rota, webhooks and browsers, written by people.

`fleet.paging.duty` has taking over; `fleet.paging.planner` and `fleet.paging.courier` do the telling.
"""

import secrets
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from fleet.access import service as access
from fleet.access.errors import NotVisible, Refused
from fleet.access.models import Site
from fleet.access.names import tidy
from fleet.paging import browsers, messages
from fleet.paging import duty as duties
from fleet.paging.channels import doors, sealing
from fleet.paging.channels import email as email_channel
from fleet.paging.channels import push as push_channel
from fleet.paging.channels import webhook as webhook_channel
from fleet.paging.channels.answer import Answer
from fleet.paging.models import Escalation, Policy, PushAddress, Shift, Step, Webhook
from fleet.paging.policies import DEFAULT, Channel, Plan, StepPlan, Whom
from fleet.safety.words import Duty, Priority

_MOST_STEPS: Final = 10
_MOST_REPEATS: Final = 20
_LONGEST_S: Final = 24 * 3600
_LEAST_REPEAT_S: Final = 60
_MOST_WEBHOOKS: Final = 10  # of a site
_MOST_BROWSERS: Final = 10  # of a person
_TRY_S: Final = 8.0  # somebody waits before the page


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a message that was sent to try an address: whether it was taken, and what the other side said."""

    taken: bool
    answer: str


def plan_of(site: Site | None, priority: Priority) -> Plan:
    """Return how alerts of this priority are told at the site; None: of the server itself."""
    policy = Policy.objects.filter(site=site, priority=priority.value).prefetch_related("steps").first()
    return _plan(policy) if policy else DEFAULT[priority]


def set_plan(*, actor: User | None, site: Site, priority: Priority, plan: Plan, now: datetime) -> Policy:
    """Tell alerts of this priority at the site so from now on; what is being told goes on by it.

    Raises:
        NotVisible, Denied: As `access.require`, for `manage_telling`.
        Refused: A step, a repeat or quiet hours that cannot be; its text says which.
    """
    _require(actor, site)
    _check(plan, site, actor)
    with transaction.atomic():
        policy, _made = Policy.objects.update_or_create(
            site=site,
            priority=priority.value,
            defaults={
                "repeat_after_s": plan.repeat_after_s,
                "repeats": plan.repeats,
                "quiet_from": plan.quiet_from,
                "quiet_to": plan.quiet_to,
                "changed_at": now,
                "changed_by": actor,
            },
        )
        policy.steps.all().delete()
        Step.objects.bulk_create(
            Step(
                policy=policy,
                number=number,
                after_s=step.after_s,
                whom=step.whom.value,
                person_id=step.person_id,
                site_id=step.site_id,
                channels=[one.value for one in step.channels],
            )
            for number, step in enumerate(plan.steps, start=1)
        )
        Escalation.objects.filter(
            alert__site=site, alert__priority=priority.value, quiet=True, due_at__isnull=False
        ).update(due_at=now)  # its quiet hours may be others now
        access.record(actor, "telling.changed", site=site, subject=priority.value, steps=len(plan.steps))
    return policy


def reset_plan(*, actor: User | None, site: Site, priority: Priority) -> bool:
    """Let the product's own plan hold again; False if it does.

    Raises:
        NotVisible, Denied: As `access.require`, for `manage_telling`.
    """
    _require(actor, site)
    with transaction.atomic():
        deleted, _rows = Policy.objects.filter(site=site, priority=priority.value).delete()
        if deleted:
            access.record(actor, "telling.reset", site=site, subject=priority.value)
    return bool(deleted)


def add_shift(
    *,
    actor: User | None,
    site: Site,
    duty: Duty,
    user: User,
    weekdays: Iterable[int],
    starts: time,
    ends: time,
    first_day: date,
    last_day: date | None = None,
) -> list[Shift]:
    """Add lines to the rota, one a weekday (0: Monday); `ends` at or before `starts` is on the next day.

    Raises:
        NotVisible, Denied: As `access.require`, for `manage_telling`.
        Refused: The user may not take this duty there, no weekday, or the last day is before the first.
    """
    _require(actor, site)
    days = sorted(set(weekdays))
    _check_shift(site, duty, user, days, first_day, last_day)
    with transaction.atomic():
        line = {"starts": starts, "ends": ends, "first_day": first_day, "last_day": last_day}
        lines = Shift.objects.bulk_create(
            Shift(site=site, duty=duty.value, user=user, weekday=day, **line) for day in days
        )
        hours = {"starts": f"{starts:%H:%M}", "ends": f"{ends:%H:%M}"}
        subject = user.get_username()
        access.record(
            actor, "rota.added", site=site, subject=subject, duty=duty.value, weekdays=days, **hours
        )
    return lines


def _check_shift(
    site: Site, duty: Duty, user: User, days: list[int], first_day: date, last_day: date | None
) -> None:
    if not days or not set(days) <= set(range(7)):
        raise Refused(_("Choose at least one day of the week."))
    if last_day is not None and last_day < first_day:
        raise Refused(_("The last day is before the first."))
    if not duties.able(user, site.pk, duty):
        raise Refused(
            _("%(user)s may not be on this duty at %(site)s: their role does not allow it.")
            % {"user": user.get_full_name() or user.get_username(), "site": site.name}
        )


def remove_shift(*, actor: User | None, shift: Shift) -> None:
    """Take a line out of the rota.

    Raises:
        NotVisible, Denied: As `access.require`, for `manage_telling`.
    """
    _require(actor, shift.site)
    with transaction.atomic():
        deleted, _rows = Shift.objects.filter(pk=shift.pk).delete()
        if deleted:
            access.record(
                actor,
                "rota.removed",
                site=shift.site,
                subject=shift.user.get_username(),
                duty=shift.duty,
                weekday=shift.weekday,
                starts=f"{shift.starts:%H:%M}",
            )


def make_webhook(
    *, actor: User | None, site: Site, name: str, url: str, now: datetime
) -> tuple[Webhook, str]:
    """Tell another system of the site from now on; return it with the secret it checks our signature with.

    Raises:
        NotVisible, Denied: As `access.require`, for `manage_telling`.
        Refused: No name, an address that cannot be, or too many.
    """
    _require(actor, site)
    name, url = tidy(name)[:80], url.strip()
    if not name:
        raise Refused(_("A webhook needs a name that says what it tells."))
    _check_address(url)
    secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    with transaction.atomic():
        Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        if Webhook.objects.filter(site=site, revoked_at=None).count() >= _MOST_WEBHOOKS:
            raise Refused(
                _("A site has at most %(most)d webhooks. End one first.") % {"most": _MOST_WEBHOOKS}
            )
        webhook = Webhook.objects.create(
            site=site, name=name, url=url, secret=secret, made_at=now, made_by=actor
        )
        access.record(actor, "webhook.made", site=site, subject=name)
    return webhook, secret


def revoke_webhook(*, actor: User | None, webhook: Webhook, now: datetime) -> None:
    """Tell this system no more; a second time changes nothing.

    Raises:
        NotVisible, Denied: As `access.require`, for `manage_telling`.
    """
    _require(actor, webhook.site)
    with transaction.atomic():
        if Webhook.objects.filter(pk=webhook.pk, revoked_at=None).update(revoked_at=now):
            access.record(actor, "webhook.revoked", site=webhook.site, subject=webhook.name)


def try_webhook(*, actor: User | None, webhook: Webhook, now: datetime) -> Tried:
    """Send the system a message that is marked as a test, and return what it answered, within seconds.

    Raises:
        NotVisible, Denied: As `access.require`, for `manage_telling`.
    """
    _require(actor, webhook.site)
    given = webhook_channel.send(
        webhook.url,
        webhook.secret,
        messages.test_webhook(now, webhook.site.slug),
        id_=str(uuid4()),
        now=now,
        seconds=_TRY_S,
    )
    return _tried(actor, "webhook.tried", given, site=webhook.site, subject=webhook.name)


def keep_browser(
    *, actor: User, endpoint: str, p256dh: str, auth: str, name: str, now: datetime
) -> PushAddress:
    """Push to this browser of the actor from now on; a browser that somebody else used is the actor's now.

    Raises:
        Refused: What the browser gave is no push address, or push is not set up on this server.
    """
    if not push_channel.is_set_up():
        raise Refused(_("Push is not set up on this server (see VAPID_PRIVATE_KEY)."))
    _check_address(endpoint)
    try:
        sealing.check_browser(p256dh, auth)
    except ValueError as error:
        raise Refused(_("This browser gave no usable push key: %(error)s.") % {"error": error}) from None
    with transaction.atomic():
        address, _made = PushAddress.objects.update_or_create(
            endpoint=endpoint,
            defaults={
                "user": actor,
                "p256dh": p256dh,
                "auth": auth,
                "name": tidy(name)[:80],
                "made_at": now,
                "gone_at": None,
            },
        )
        # Those that were kept longest ago: their browsers would only have to subscribe again.
        many = browsers.kept(actor).values_list("pk", flat=True)[_MOST_BROWSERS:]
        browsers.erase(PushAddress.objects.filter(pk__in=list(many)), now)
        access.record(actor, "push.kept", subject=actor.get_username(), browser=address.name)
    return address


def forget_browser(*, actor: User, address: PushAddress, now: datetime) -> None:
    """Push no more to this browser.  Raises NotVisible if it is somebody else's."""
    _require_own(actor, address)
    with transaction.atomic():
        if browsers.erase(PushAddress.objects.filter(pk=address.pk), now):
            access.record(actor, "push.forgotten", subject=actor.get_username(), browser=address.name)


def try_browser(*, actor: User, address: PushAddress, now: datetime) -> Tried:
    """Push a message that is marked as a test.  Raises NotVisible if it is somebody else's."""
    _require_own(actor, address)
    id_ = uuid4()
    given = push_channel.send(
        address.endpoint,
        address.p256dh,
        address.auth,
        messages.test_push(id_=str(id_)),
        topic=id_.hex,
        urgent=True,
        now=now,
        seconds=_TRY_S,
    )
    if given.gone:
        PushAddress.objects.filter(pk=address.pk, gone_at=None).update(gone_at=now)
    return _tried(actor, "push.tried", given, subject=actor.get_username())


def try_email(*, actor: User, now: datetime) -> Tried:
    """Send the actor a message that is marked as a test.  Raises Refused if they have no confirmed address."""
    if not actor.email:
        raise Refused(_("There is no confirmed e-mail address to send to."))
    given = email_channel.send(messages.test_letter(to=actor.email, id_=str(uuid4())), seconds=_TRY_S)
    return _tried(actor, "email.tried", given, subject=actor.get_username())


def _tried(
    actor: User | None, action: str, given: Answer, *, subject: str, site: Site | None = None
) -> Tried:
    with transaction.atomic():
        access.record(actor, action, site=site, subject=subject, taken=given.taken)
    return Tried(given.taken, given.text)


def _require_own(actor: User, address: PushAddress) -> None:
    if address.user_id != actor.pk:
        raise NotVisible(str(address.pk))


def _plan(policy: Policy) -> Plan:
    steps = tuple(
        StepPlan(
            step.after_s,
            Whom(step.whom),
            tuple(Channel(one) for one in step.channels),
            step.person_id,
            step.site_id,
        )
        for step in sorted(policy.steps.all(), key=lambda one: one.number)
    )
    return Plan(steps, policy.repeat_after_s, policy.repeats, policy.quiet_from, policy.quiet_to)


def _check(plan: Plan, site: Site, actor: User | None) -> None:
    if not 1 <= len(plan.steps) <= _MOST_STEPS:
        raise Refused(_("A policy has 1 to %(most)d steps.") % {"most": _MOST_STEPS})
    for number, step in enumerate(plan.steps, start=1):
        _check_step(step, number, site, actor)
    after = [step.after_s for step in plan.steps]
    if after != sorted(after):
        raise Refused(_("Each step comes at or after the one before it."))
    if plan.repeat_after_s is not None and not _LEAST_REPEAT_S <= plan.repeat_after_s <= _LONGEST_S:
        raise Refused(_("Begin again after 1 minute to 24 hours."))
    if not 0 <= plan.repeats <= _MOST_REPEATS:
        raise Refused(_("Begin again at most %(most)d times.") % {"most": _MOST_REPEATS})
    if (plan.quiet_from is None) != (plan.quiet_to is None):
        raise Refused(_("Quiet hours need a beginning and an end."))


def _check_step(step: StepPlan, number: int, site: Site, actor: User | None) -> None:
    if not 0 <= step.after_s <= _LONGEST_S:
        raise Refused(_("Step %(number)d comes after 0 s to 24 hours.") % {"number": number})
    if not step.channels:
        raise Refused(_("Step %(number)d tells by no channel; choose at least one.") % {"number": number})
    if (step.whom == Whom.PERSON) != (step.person_id is not None):
        raise Refused(_("Step %(number)d: choose the person.") % {"number": number})
    if (step.whom == Whom.SITE) != (step.site_id is not None):
        raise Refused(_("Step %(number)d: choose the site.") % {"number": number})
    if step.person_id is not None and not site.memberships.filter(user=step.person_id).exists():
        raise Refused(
            _("Step %(number)d: that person is no member of %(site)s.")
            % {"number": number, "site": site.name}
        )
    if step.site_id is not None and actor is not None:
        other = access.sites_of(actor).filter(pk=step.site_id).first()
        if other is None:
            raise Refused(_("Step %(number)d: there is no such site.") % {"number": number})


def _check_address(url: str) -> None:
    try:
        doors.check(url, private=settings.TELL_PRIVATE_NETWORKS)
    except doors.NoDoor as error:
        raise Refused(str(error)) from None


def _require(actor: User | None, site: Site) -> None:
    if actor is not None:
        access.require(actor, "manage_telling", site)
