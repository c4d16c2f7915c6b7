"""Duty, escalation, addresses, and what was told to whom.

`Delivery` is the outbox: its row is committed before anything is sent, and the answer after.
"""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from fleet.access.models import Site
from fleet.safety.models import Alert
from fleet.safety.words import Duty, Priority

_PRIORITIES = [(one.value, one.value) for one in Priority]
_DUTIES = [(one.value, one.value) for one in Duty]


class Whom(models.TextChoices):
    DUTY = "duty", _("whoever is on duty")
    PERSON = "person", _("a person")
    SITE = "site", _("whoever is on duty at another site")
    ANYONE = "anyone", _("everybody at the site who may take the duty")


class Channel(models.TextChoices):
    CONSOLE = "console", _("the pages, with sound")
    PUSH = "push", _("browser push")
    EMAIL = "email", _("e-mail")
    WEBHOOK = "webhook", _("webhook")


class Policy(models.Model):
    """How alerts of one priority are told at a site.  Where there is none, `paging.policies.DEFAULT` holds."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="policies")
    priority = models.CharField(max_length=8, choices=_PRIORITIES)
    repeat_after_s = models.PositiveIntegerField(
        null=True, help_text=_("begin again after the last step; null: never")
    )
    repeats = models.PositiveIntegerField(default=0, help_text=_("how often, at most"))
    quiet_from = models.TimeField(null=True, help_text=_("in the site's time zone"))
    quiet_to = models.TimeField(null=True)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "priority"], name="one_policy_a_priority")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.priority}"


class Step(models.Model):
    """One step of a policy: after how long unacknowledged, whom, and by which channels."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField(help_text=_("from 1"))
    after_s = models.PositiveIntegerField(help_text=_("unacknowledged since the last rising that is told"))
    whom = models.CharField(max_length=8, choices=Whom)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    site = models.ForeignKey(Site, null=True, on_delete=models.CASCADE, related_name="+")
    channels = ArrayField(models.CharField(max_length=8, choices=Channel), default=list)

    class Meta:
        ordering = ["policy", "number"]
        constraints = [models.UniqueConstraint(fields=["policy", "number"], name="one_step_a_number")]

    def __str__(self) -> str:
        return f"{self.policy_id} step {self.number}"


class Shift(models.Model):
    """One line of a site's rota: who is on duty on which weekday, in the site's time zone.

    `ends` at or before `starts` means the next day.  It holds on the days from `first_day` to `last_day`.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="shifts")
    duty = models.CharField(max_length=12, choices=_DUTIES)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shifts")
    weekday = models.PositiveSmallIntegerField(help_text=_("0: Monday"))
    starts = models.TimeField()
    ends = models.TimeField()
    first_day = models.DateField()
    last_day = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["site", "duty", "weekday"], name="shift_by_day")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.duty} {self.weekday} {self.starts}"


class Turn(models.Model):
    """Somebody took over a duty; it beats the rota until they hand it on, end it, or the rota's next shift begins."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="turns")
    duty = models.CharField(max_length=12, choices=_DUTIES)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="turns")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    handover = models.JSONField(
        default=dict, help_text=_("what was open, shelved, silent and noted at that moment")
    )
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "duty"], condition=Q(until__isnull=True), name="one_turn_a_duty"
            )
        ]
        indexes = [models.Index(fields=["site", "-since"], name="turn_by_time")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.duty} {self.user_id} {self.since:%Y-%m-%d %H:%M}"


class Note(models.Model):
    """Something the next on duty should know."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="duty_notes")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.CharField(max_length=500)

    class Meta:
        indexes = [models.Index(fields=["site", "-at"], name="note_by_time")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.at:%Y-%m-%d %H:%M}"


class PushAddress(models.Model):
    """A browser that agreed to be pushed to (RFC 8030); its owner sees and ends it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="push_addresses"
    )
    endpoint = models.URLField(max_length=1000, unique=True)
    p256dh = models.CharField(max_length=120)
    auth = models.CharField(max_length=40)
    name = models.CharField(max_length=80, blank=True, help_text=_("which browser, for its owner"))
    made_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, help_text=_("the push service no longer knows it"))

    def __str__(self) -> str:
        return f"{self.user_id} {self.name}"


class Webhook(models.Model):
    """Another system of the site that is told, with a signature it can check."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=80)
    url = models.URLField(max_length=500)
    secret = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.site_id} {self.name}"


class Escalation(models.Model):
    """How far the telling of one episode of an alert has come; the deadline is when its next step is due."""

    alert = models.OneToOneField(Alert, on_delete=models.CASCADE, primary_key=True, related_name="escalation")
    episode = models.PositiveIntegerField()
    priority = models.CharField(
        max_length=8,
        choices=_PRIORITIES,
        default=Priority.INFO.value,
        help_text=_("that it is told as; when it rises, it is told anew"),
    )
    since = models.DateTimeField(help_text=_("when this episode began to be told"))
    step = models.PositiveSmallIntegerField(default=0, help_text=_("the last step taken"))
    round = models.PositiveSmallIntegerField(
        default=0, help_text=_("from 0; rises with each beginning anew, whatever the reason")
    )
    repeated = models.PositiveSmallIntegerField(default=0, help_text=_("how often its policy began again"))
    due_at = models.DateTimeField(null=True, help_text=_("null: nothing more is to be told"))
    quiet = models.BooleanField(default=False, help_text=_("waits for the end of the quiet hours"))

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="escalation_due")]

    def __str__(self) -> str:
        return f"{self.alert_id} step {self.step}"


class Delivery(models.Model):
    """One message about one step of one alert to one recipient by one channel.

    States: `planned` → `sending` → `sent`, `failed` or `dropped`.  A sender that died while `sending` leaves a row
    whose lease ends, and the message is sent again under the same `id`, by which a receiver knows the repeat.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    episode = models.PositiveIntegerField()
    step = models.PositiveSmallIntegerField()
    round = models.PositiveSmallIntegerField(default=0)
    channel = models.CharField(max_length=8, choices=Channel)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    webhook = models.ForeignKey(Webhook, null=True, on_delete=models.CASCADE, related_name="+")
    push = models.ForeignKey(PushAddress, null=True, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, default="planned")
    planned_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, help_text=_("when it is tried next; null: it is over"))
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=300, blank=True, help_text=_("what the other side said last"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "episode", "step", "round", "channel", "user", "webhook", "push"],
                name="told_once",
                nulls_distinct=False,
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="delivery_due"),
            models.Index(fields=["alert", "planned_at"], name="delivery_of_alert"),
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} step {self.step} {self.channel} {self.state}"
