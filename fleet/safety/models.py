"""Alerts, what was done with them, and the rules a site has changed.

Alerts are written by `safety.service` only, which takes every step by the pure `safety.lifecycle`.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from fleet.access.models import Site
from fleet.safety.words import OPEN, Disposition, Duty, Priority, State

_PRIORITIES = [(one.value, one.value) for one in Priority]
_STATES = [(one.value, one.value) for one in State]
_DISPOSITIONS = [(one.value, one.value) for one in Disposition]
_DUTIES = [(one.value, one.value) for one in Duty]
_IS_OPEN = Q(state__in=[one.value for one in OPEN])


class Condition(models.Model):
    """What one rule last found at one device and channel: the memory of its delays, which no crash forgets.

    Written by ingest in the transaction that stores what was heard.  A row exists once a rule has found something.
    """

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="conditions")
    rule = models.CharField(max_length=32)
    channel = models.SmallIntegerField(default=0, help_text=_("from 1; 0: the device as a whole"))
    is_true = models.BooleanField()
    since = models.DateTimeField(help_text=_("since when it is, or is not, true: placed time"))
    told = models.BooleanField(db_default=False, help_text=_("its alert was raised, and not cleared since"))
    seen_at = models.DateTimeField(help_text=_("placed time of the newest record that spoke of it"))
    priority = models.CharField(max_length=8, choices=_PRIORITIES)
    marks = ArrayField(models.BigIntegerField(), default=list, help_text=_("recent risings, Unix ms"))
    facts = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["device", "rule", "channel"], name="one_condition_a_rule")
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.rule} {self.channel} {'true' if self.is_true else 'false'}"


class Alert(models.Model):
    """Something is wrong, or was; from its raising until somebody or time closes it.

    `key` names what it is about; of each key one alert at most is open, which the database holds.
    """

    key = models.CharField(max_length=200)
    device = models.ForeignKey(Device, null=True, on_delete=models.CASCADE, related_name="alerts")
    site = models.ForeignKey(
        Site, null=True, on_delete=models.CASCADE, related_name="alerts", help_text=_("null: every site's")
    )
    rule = models.CharField(max_length=32)
    rule_version = models.PositiveIntegerField(
        default=0, help_text=_("of the site's rule set; 0: the product's")
    )
    channel = models.SmallIntegerField(null=True)
    subject = models.CharField(max_length=80, blank=True, help_text=_("the group or part it is about"))
    duty = models.CharField(max_length=12, choices=_DUTIES, default=Duty.CARE.value)
    priority = models.CharField(max_length=8, choices=_PRIORITIES)
    peak = models.CharField(
        max_length=8,
        choices=_PRIORITIES,
        blank=True,
        help_text=_("the highest since it was raised, or since a person last saw to it"),
    )
    state = models.CharField(max_length=12, choices=_STATES, default=State.RAISED.value)
    facts = models.JSONField(default=dict, help_text=_("the numbers of its text, with units in their names"))
    session = models.CharField(max_length=64, null=True)
    in_session = models.BooleanField(default=False, help_text=_("current could flow into somebody"))
    # When: `raised_at` is event time, the first rising; `risen_at` the last one.
    raised_at = models.DateTimeField()
    risen_at = models.DateTimeField()
    noted_at = models.DateTimeField(help_text=_("when the server took note of it first"))
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    cleared_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    disposition = models.CharField(max_length=12, choices=_DISPOSITIONS, null=True)
    note = models.CharField(max_length=500, blank=True)
    # What it is like.
    latched = models.BooleanField(default=False)
    late = models.BooleanField(default=False, help_text=_("known only from late records: pages nobody"))
    chattering = models.BooleanField(default=False)
    count = models.PositiveIntegerField(default=1, help_text=_("risings"))
    episode = models.PositiveIntegerField(default=1, help_text=_("risings that are told anew"))
    marks = ArrayField(
        models.BigIntegerField(), default=list, help_text=_("recent risings and clearings, Unix ms")
    )
    # What people did with it.
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    shelved_until = models.DateTimeField(null=True)
    shelved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    shelf_reason = models.CharField(max_length=200, blank=True)
    one_shot = models.BooleanField(default=False, help_text=_("the shelf ends when it clears, too"))
    # What explains it.
    cause = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="explains")
    # Deadlines of time's work.
    close_at = models.DateTimeField(null=True, help_text=_("when it closes itself"))
    calm_at = models.DateTimeField(null=True, help_text=_("when it chatters no longer, if nothing happens"))
    rev = models.BigIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=_IS_OPEN, name="one_open_alert_a_key")
        ]
        indexes = [
            models.Index(
                fields=["site", "priority", "raised_at"], condition=_IS_OPEN, name="alert_open"
            ),  # console
            models.Index(
                fields=["device"], condition=_IS_OPEN, name="alert_open_of_device"
            ),  # tiles, worst alert
            models.Index(fields=["close_at"], condition=Q(close_at__isnull=False), name="alert_to_close"),
            models.Index(fields=["calm_at"], condition=Q(calm_at__isnull=False), name="alert_to_calm"),
            models.Index(
                fields=["shelved_until"], condition=Q(shelved_until__isnull=False), name="alert_shelved"
            ),
            models.Index(fields=["site", "-raised_at"], name="alert_by_site"),  # history, burden
            models.Index(fields=["device", "-raised_at"], name="alert_by_device"),  # a device's history
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.key} {self.priority} {self.state}"


class Entry(models.Model):
    """One step in the life of an alert: what happened, when, and who did it."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="entries")
    at = models.DateTimeField()
    kind = models.CharField(max_length=16, help_text=_("see safety.lifecycle.Kind"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.CharField(max_length=500, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["alert", "at"], name="entry_of_alert"),
            models.Index(fields=["kind", "at"], name="entry_by_kind"),  # burden
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} {self.at:%Y-%m-%d %H:%M:%S} {self.kind}"


class OutOfService(models.Model):
    """A device is being worked on: its alerts below high, or outside a session, are kept and told to nobody."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="out_of_service")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, help_text=_("null: until somebody ends it"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["device"], condition=Q(ended_at__isnull=True), name="out_of_service_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.since:%Y-%m-%d %H:%M}"


class RuleSet(models.Model):
    """One version of what a site has changed of the product's rules.  Never changed; the highest holds."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="rule_sets")
    version = models.PositiveIntegerField()
    changes = models.JSONField(
        help_text=_("{rule: {parameter: value}}, whole: what is not named is the product's")
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    why = models.CharField(max_length=300)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "version"], name="one_rule_set_a_version")]

    def __str__(self) -> str:
        return f"{self.site_id} rules {self.version}"


class Replay(models.Model):
    """A stored day judged by a changed rule set, before it goes live."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="replays")
    day = models.DateField(help_text=_("in the site's time zone"))
    changes = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField(null=True, help_text=_("when it last came a step forward"))
    ended_at = models.DateTimeField(null=True)
    done = models.FloatField(default=0.0, help_text=_("share of the day that is judged"))
    error = models.CharField(max_length=300, blank=True)
    result = models.JSONField(
        null=True, help_text=_("alerts by the rules that hold, and by the changed ones")
    )

    class Meta:
        indexes = [models.Index(fields=["site", "-asked_at"], name="replay_by_site")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.day} {self.done:.0%}"
