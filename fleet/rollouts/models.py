"""Rollouts: a version, the devices that are to have it, in which order, and every decision on the way."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from fleet.rollouts.states import CLOCKED, OPEN, Direction, RolloutState, TargetState

_ROLLOUT_STATES = [(state.value, state.value) for state in RolloutState]
_TARGET_STATES = [(state.value, state.value) for state in TargetState]
_DIRECTIONS = [(direction.value, direction.value) for direction in Direction]


class Rollout(models.Model):
    """One version to a set of devices, in waves."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    title = models.CharField(max_length=120, blank=True)
    version = models.ForeignKey("protocols.Version", on_delete=models.PROTECT, related_name="rollouts")
    sites = models.ManyToManyField(
        "access.Site", related_name="rollouts", help_text=_("where its targets stand")
    )
    targets_spec = models.JSONField(help_text=_("{serials: […]} or {site, room, model, tag}"))
    # How it goes on: docs/rollouts.md.
    waves_spec = models.JSONField(help_text=_("[{count} or {percent} or {risk_class}, …]"))
    success_threshold = models.FloatField()
    failure_threshold = models.FloatField(null=True)
    failure_count = models.PositiveIntegerField(null=True)
    min_evaluated = models.PositiveIntegerField(default=1)
    deadline_s = models.PositiveIntegerField()
    soak_s = models.PositiveIntegerField(default=0)
    pace_per_minute = models.PositiveIntegerField()
    retries = models.PositiveSmallIntegerField(default=0)
    advance = models.CharField(max_length=10, default="automatic", help_text=_("automatic or manual"))
    start_at = models.DateTimeField(null=True)
    window = models.JSONField(null=True, help_text=_("{days, from, to} in each device's site's time zone"))
    # Where it stands.
    state = models.CharField(max_length=12, choices=_ROLLOUT_STATES, default=RolloutState.DRAFT.value)
    reason = models.CharField(max_length=32, blank=True, help_text=_("a word: why it stands there"))
    facts = models.JSONField(default=dict, help_text=_("what the sentence of that reason is made of"))
    wave = models.PositiveSmallIntegerField(default=0, help_text=_("the wave that is open; 0: none yet"))
    decisions_made = models.PositiveIntegerField(default=0, help_text=_("the number of the newest decision"))
    rev = models.BigIntegerField(default=1, help_text=_("rises with every write"))
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150, blank=True)
    authors = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="rollouts_written", help_text=_("none of them approves it")
    )
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, help_text=_("approved or rejected"))
    decided_by = models.CharField(max_length=150, blank=True)
    decision_reason = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField(null=True)
    started_by = models.CharField(max_length=150, blank=True)
    ended_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True, help_text=_("when the filter was last read anew"))

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["state"],
                name="rollout_clocked",
                condition=models.Q(state__in=sorted(state.value for state in CLOCKED)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.state}"


class Wave(models.Model):
    """One wave of a rollout."""

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="waves")
    number = models.PositiveSmallIntegerField(help_text=_("from 1"))
    opened_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True, help_text=_("when no reachable target of it was open any more"))
    passed_at = models.DateTimeField(
        null=True, help_text=_("when the next one was opened, or the rollout ended")
    )
    waived_at = models.DateTimeField(
        null=True, help_text=_("when somebody went on in spite of its thresholds")
    )
    waived_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["rollout", "number"]
        constraints = [models.UniqueConstraint(fields=["rollout", "number"], name="wave_once")]

    def __str__(self) -> str:
        return f"{self.rollout_id} {self.number}"


class Target(models.Model):
    """One device of a rollout, and how far it is."""

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="targets")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="rollout_targets")
    wave = models.PositiveSmallIntegerField()
    place = models.PositiveIntegerField(help_text=_("its turn within the rollout, by risk class and serial"))
    state = models.CharField(max_length=16, choices=_TARGET_STATES, default=TargetState.PLANNED.value)
    direction = models.CharField(max_length=4, choices=_DIRECTIONS, default=Direction.OUT.value)
    reason = models.CharField(max_length=32, blank=True)
    facts = models.JSONField(default=dict)
    want_sha256 = models.CharField(max_length=64, help_text=_("the hash that has to be read back"))
    before = models.JSONField(
        null=True, help_text=_("{id, version, sha256} that it reported before the offer")
    )
    changed = models.BooleanField(default=False, help_text=_("it has, or may have, taken the version over"))
    attempts = models.PositiveSmallIntegerField(default=0, help_text=_("offers in this direction"))
    offers = models.PositiveIntegerField(
        default=0, help_text=_("of either direction, never begun anew: ids of offers are made of it")
    )
    command = models.UUIDField(null=True, help_text=_("the newest offer"))
    withdrawal = models.UUIDField(null=True, help_text=_("the command that takes the offer back"))
    session = models.CharField(max_length=64, blank=True, help_text=_("that ran when it was offered"))
    joined_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True)
    held_since = models.DateTimeField(null=True)
    held_ms = models.BigIntegerField(
        default=0, help_text=_("of this offer; the deadline stands still meanwhile")
    )
    claimed_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True, help_text=_("when it came to a state in which it stays"))
    rev = models.BigIntegerField(default=1)

    class Meta:
        ordering = ["rollout", "wave", "place"]
        constraints = [
            models.UniqueConstraint(fields=["rollout", "device"], name="target_once"),
            models.UniqueConstraint(  # two rollouts never offer to one device at a time
                fields=["device"],
                name="target_open_once",
                condition=models.Q(state__in=sorted(state.value for state in OPEN)),
            ),
        ]
        indexes = [
            models.Index(fields=["rollout", "state", "wave", "place"], name="target_by_state"),
            models.Index(fields=["device", "-offered_at"], name="target_by_device"),
        ]

    def __str__(self) -> str:
        return f"{self.rollout_id} {self.device_id} {self.state}"


class Decision(models.Model):
    """One decision, of a person or of the clock, with its reason.  Replayed in order they give the rows above."""

    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="decisions")
    number = models.PositiveIntegerField(help_text=_("within the rollout, from 1"))
    at = models.DateTimeField()
    kind = models.CharField(max_length=24)
    target = models.ForeignKey(Target, null=True, on_delete=models.CASCADE, related_name="decisions")
    wave = models.PositiveSmallIntegerField(null=True)
    to = models.CharField(max_length=16, blank=True, help_text=_("the state that it led to"))
    reason = models.CharField(max_length=32, blank=True)
    facts = models.JSONField(default=dict)
    actor_name = models.CharField(max_length=150, blank=True, help_text=_("blank: the clock"))

    class Meta:
        ordering = ["rollout", "number"]
        constraints = [models.UniqueConstraint(fields=["rollout", "number"], name="decision_once")]
        indexes = [
            models.Index(fields=["target", "number"], name="decision_by_target"),
            models.Index(fields=["rollout", "-at"], name="decision_by_time"),  # the pace
        ]

    def __str__(self) -> str:
        return f"{self.rollout_id} {self.number} {self.kind}"
